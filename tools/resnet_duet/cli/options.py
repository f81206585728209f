"""Options and values that several commands take."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from resnet_duet.port.checkpoint import Checkpoint
    from resnet_duet.port.identify import Identity
    from resnet_spec import ResNetSpec

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
with_spec = click.option(
    "--spec", metavar="NAME|FILE", help="The network: a name of `list`, or a spec's .json file."
)


def read_spec(path: str) -> "ResNetSpec":
    """The spec in a .json file."""
    from resnet_duet.errors import FileError
    from resnet_spec import ResNetSpec, SpecError

    try:
        return ResNetSpec.from_json(Path(path).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read: {error}") from None
    except SpecError as error:
        raise FileError(f"{path}: {error}") from None


def parse_choice(text: str) -> tuple[str, object]:
    """`padding=same`, `depths=[1,1]`: JSON where it is JSON, else the word itself."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes CHOICE=VALUE, not {text!r}")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


def parse_size(text: str) -> tuple[int, int]:
    """(height, width) from `224x224`."""
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise click.UsageError(f"--size takes HEIGHTxWIDTH, not {text!r}")
    return int(height), int(width)


def open_checkpoint(
    path: Path, spec: str | None, dialect: str | None
) -> tuple["Checkpoint", "Identity"]:
    """Read a file and tell what it is, with a spec as the command line gives it."""
    from resnet_duet import models

    known = read_spec(spec) if spec and spec.endswith(".json") else spec
    return models.open_checkpoint(path, known, dialect)
