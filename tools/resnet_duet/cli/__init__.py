"""The command `resnet-duet`. What a command needs is imported when it runs, not before."""

import errno
import os
from typing import Any

import click

from resnet_duet import __version__
from resnet_duet.cli.convert import convert
from resnet_duet.cli.demo import demo
from resnet_duet.cli.diagnose import diagnose
from resnet_duet.cli.differences import differences
from resnet_duet.cli.inspect import inspect_file
from resnet_duet.cli.verify import verify
from resnet_duet.cli.zoo import list_networks, show


class Duet(click.Group):
    """Our errors end in one line and status 2, a failed proof in status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        from resnet_duet.errors import ProofError
        from resnet_spec import ResNetError

        try:
            return super().invoke(ctx)
        except (ResNetError, OSError) as error:
            if ctx.params["debug"] or getattr(error, "errno", None) == errno.EPIPE:
                raise
            click.echo(f"resnet-duet: {error}", err=True)
            ctx.exit(1 if isinstance(error, ProofError) else 2)


@click.group(cls=Duet)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__)
def main(debug: bool) -> None:
    """The same ResNet in PyTorch and in Keras: build, convert, prove."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow greets at length
    # PyTorch's threads wait by turning in circles, on cores that TensorFlow's could have.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever the shell says: this is our process


COMMANDS = (list_networks, show, inspect_file, convert, verify, diagnose, differences, demo)
for command in COMMANDS:
    main.add_command(command)
