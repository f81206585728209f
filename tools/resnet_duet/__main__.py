"""`python -m resnet_duet` runs the command `resnet-duet`."""

from resnet_duet.cli import main

if __name__ == "__main__":
    main(prog_name="resnet-duet")
