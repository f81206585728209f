"""Options that several commands take, and how their values are parsed."""

import json
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from resnet_duet.formats.trust import Trust
    from resnet_duet.identify.head import Head
    from resnet_spec import ResNetSpec

Decorator = Callable[[Callable[..., None]], Callable[..., None]]

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
with_spec = click.option(
    "--spec",
    metavar="NAME|FILE",
    help="Architecture: a name of `list`, or a spec in a .json file. [default: detected]",
)
with_trust = click.option(
    "--trust", is_flag=True, help="Run the program in a .pt2 or TorchScript file."
)
with_choices = click.option(
    "--set",
    "choices",
    metavar="CHOICE=VALUE",
    multiple=True,
    callback=lambda _context, _option, words: dict(map(parse_choice, words)),
    help="Override an architecture option, e.g. padding=same. Repeatable.",
)

with_prefix = click.option(
    "--prefix",
    metavar="PREFIX",
    help="Prefix of the network's tensor names, such as teacher. [default: detected]",
)


def with_source(command: Callable[..., None]) -> Callable[..., None]:
    """The options that identify a checkpoint and choose its head."""
    options: tuple[Decorator, ...] = (
        with_spec,
        with_choices,
        click.option(
            "--num-classes",
            type=click.IntRange(min=1),
            metavar="N",
            help="Replace the classifier with a new one for N classes.",
        ),
        click.option("--no-head", is_flag=True, help="Drop the classifier."),
        click.option(
            "--from",
            "from_dialect",
            metavar="DIALECT",
            help="Naming scheme of the input, such as torchvision. [default: detected]",
        ),
        with_prefix,
        click.option(
            "--rename",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Names of the input's tensors and torchvision's, in two columns or as JSON.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def head_of(num_classes: int | None, no_head: bool) -> "Head":
    """The head that the options ask for, as `resnet_duet.identify.head` names it."""
    from resnet_duet.identify.head import HeadChoice

    if no_head and num_classes is not None:
        raise click.UsageError("--no-head and --num-classes exclude each other")
    return None if no_head else num_classes or HeadChoice.KEEP


def trust_of(trust: bool) -> "Trust":
    """The value of `--trust`, as the readers of files take it."""
    from resnet_duet.formats.trust import Trust

    return Trust.CODE if trust else Trust.DATA


def known_spec(spec: str | None) -> "ResNetSpec | str | None":
    """The value of `--spec`: a name, or the spec in a file; None without the option."""
    return read_spec(spec) if spec and spec.endswith(".json") else spec


def read_spec(path: str) -> "ResNetSpec":
    """The spec in a .json file.

    Raises:
        FileError: the file cannot be read, or holds no valid spec.
    """
    from resnet_duet.errors import FileError
    from resnet_spec import ResNetSpec, SpecError

    try:
        return ResNetSpec.from_json(Path(path).read_text())
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path} cannot be read: it is not text") from error
    except SpecError as error:
        raise FileError(f"{path}: {error}") from error


def parse_choice(text: str) -> tuple[str, object]:
    """`padding=same`, `depths=[1,1]`: the value is JSON, or else a word.

    Raises:
        UsageError: there is no "=", or no such choice; the message has the nearest names.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--set takes CHOICE=VALUE, not {text!r}")
    from resnet_spec import ResNetSpec
    from resnet_spec.rules import choice_paths

    known = list(choice_paths(ResNetSpec))
    if name not in known:
        containing = sorted((c for c in known if name and name in c), key=len)
        near = containing or get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"choices: {', '.join(known)}"
        raise click.UsageError(f"--set {text}: there is no choice {name!r}; {hint}")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


def value_text(value: object) -> str:
    """A value as `parse_choice` reads it: a word as it is, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def parse_size(text: str) -> tuple[int, int]:
    """(height, width) of `224x224`. Raises UsageError: it is not of this form."""
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise click.UsageError(f"--size takes HEIGHTxWIDTH, not {text!r}")
    return int(height), int(width)
