"""Options and values that several commands take."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from resnet_spec import ResNetSpec

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
with_spec = click.option(
    "--spec", metavar="NAME|FILE", help="The network: a name of `list`, or a spec's .json file."
)
with_choices = click.option(
    "--set",
    "choices",
    metavar="CHOICE=VALUE",
    multiple=True,
    callback=lambda _context, _option, words: dict(map(parse_choice, words)),
    help="As padding=same, norm_eps=1e-3.",
)


def with_source(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say what a checkpoint is, and what it is to be taken for."""
    dialect = click.option(
        "--from", "from_dialect", metavar="DIALECT", help="Whose names the file has."
    )
    none = click.option("--no-head", is_flag=True, help="The network without its classifier.")
    classes = click.option(
        "--num-classes", type=click.IntRange(min=1), help="A new classifier of so many classes."
    )
    return with_spec(with_choices(classes(none(dialect(command)))))


def head_of(num_classes: int | None, no_head: bool) -> int | str | None:
    """The head that is asked for, in the word of `resnet_duet.port.head`."""
    from resnet_duet.port.head import AS_FILED

    if no_head and num_classes is not None:
        raise click.UsageError("--no-head and --num-classes exclude each other")
    return None if no_head else num_classes or AS_FILED


def known_spec(spec: str | None) -> "ResNetSpec | str | None":
    """The spec that `--spec` names, or that is in its file; None where it is not said."""
    return read_spec(spec) if spec and spec.endswith(".json") else spec


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
