"""The command `resnet-duet`. A command imports what it needs when it runs."""

import click

from resnet_duet._version import __version__
from resnet_duet.cli.convert import convert
from resnet_duet.cli.demo import demo
from resnet_duet.cli.diagnose import diagnose
from resnet_duet.cli.differences import differences
from resnet_duet.cli.group import Duet
from resnet_duet.cli.inspect import inspect_file
from resnet_duet.cli.list import list_networks
from resnet_duet.cli.quiet import prepare_environment
from resnet_duet.cli.show import show
from resnet_duet.cli.verify import verify


@click.group(
    "resnet-duet",
    cls=Duet,
    examples=(
        ("Convert a PyTorch checkpoint to Keras:", "resnet-duet convert net.pth net.keras"),
        ("Compare the two layer by layer:", "resnet-duet verify net.pth net.keras"),
        ("Print a network as plain Keras code:", "resnet-duet show resnet50 --code keras"),
    ),
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error, and log lines.")
@click.version_option(__version__, "-V", "--version")
def main(debug: bool) -> None:
    """The same ResNet in PyTorch and Keras: build, convert, compare.

    Exit status: 0 success, 1 the networks differ, 2 invalid input.
    """
    prepare_environment()


COMMANDS = (list_networks, show, inspect_file, convert, verify, diagnose, differences, demo)
for command in COMMANDS:
    main.add_command(command)
