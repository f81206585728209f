"""`verify`: two networks, or one checkpoint in two frameworks, compared layer by layer."""

import json
import math
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli import console, progress
from resnet_duet.cli.help import Command
from resnet_duet.cli.options import (
    as_json,
    known_spec,
    trust_of,
    with_prefix,
    with_spec,
    with_trust,
)

if TYPE_CHECKING:
    from resnet_duet.comparison.adapters.checkpoint import Opened
    from resnet_duet.comparison.comparison import Comparison
    from resnet_duet.comparison.layer_errors import LayerError
    from resnet_duet.comparison.subject import Subject
    from resnet_duet.errors import FileError
    from resnet_duet.formats.trust import Trust

NETWORKS = """A and B are checkpoints, whole models, or CODE.py:NAME, where NAME is a torch module,
    a Keras model or a resnet_duet.Function that the file defines. CODE.py is run. A whole model is
    run by its own library."""

COUNTER = "num_batches_tracked"  # in every PyTorch checkpoint, and no part of a comparison


@dataclass(frozen=True)
class Pair:
    """Both sides of a comparison.

    Attributes:
        a, b: the networks.
        about: what A and B are, in a few words.
        caveats: what a user should know about the checkpoints.
    """

    a: "Subject"
    b: "Subject"
    about: tuple[str, str]
    caveats: Sequence[str]


@click.command(
    cls=Command,
    help=f"""Compare two networks, or a checkpoint in two frameworks.

    {NETWORKS}

    Both run in float64 on random images. Exit status: 0 they match, 1 they differ.""",
    examples=(
        ("Compare a checkpoint in PyTorch and in Keras:", "resnet-duet verify resnet50.pth"),
        (
            "Compare with your own code, and write a report:",
            "resnet-duet verify resnet50.pth mine.py:model --report report.html",
        ),
    ),
)
@click.argument("a")
@click.argument("b", required=False)
@with_spec
@with_prefix
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of random input batches.",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write an HTML report; an older one is replaced.",
)
@with_trust
@as_json
def verify(
    a: str,
    b: str | None,
    spec: str | None,
    prefix: str | None,
    seeds: int,
    report: Path | None,
    trust: bool,
    as_json: bool,
) -> None:
    """See the decorator for the help."""
    from resnet_duet.comparison.compare import compare
    from resnet_duet.comparison.report import check_report_path, write_report

    if report:
        check_report_path(report)
    with progress.working(f"building {a}" if b is None else f"building {a} and {b}"):
        pair = pair_of(a, b, spec, prefix, trust_of(trust))
    with progress.working(f"running {pair.a.title} and {pair.b.title}"):
        result = compare(pair.a, pair.b, range(seeds))
        if report:
            write_report(report, result, (pair.a, pair.b), command_line())
    if as_json:
        click.echo(json.dumps(facts(result, report), allow_nan=False))
    else:
        show(result, pair)
        hints = {"report": str(report)} if report else {}
        if not result.match and b is not None:
            words = ["resnet-duet", "diagnose", a, b, *(["--spec", spec] if spec else [])]
            words += ["--trust"] if trust else []
            hints["find the cause"] = shlex.join(words)
        console.hints(hints)
    raise click.exceptions.Exit(0 if result.match else 1)


def pair_of(a: str, b: str | None, spec: str | None, prefix: str | None, trust: "Trust") -> Pair:
    """Both networks; a file without a counterpart is compared with our reading of it.

    A file of weights is built in both frameworks, and our reading of a whole model in one.
    """
    from resnet_duet.comparison.adapters import is_file, subject_of_argument
    from resnet_duet.comparison.adapters.checkpoint import (
        in_framework,
        native_framework,
        of_file,
    )
    from resnet_duet.errors import FileError
    from resnet_duet.frameworks import counterpart

    notes: list[str] = []

    def side(thing: str) -> "tuple[Subject, str]":
        if not is_file(thing):
            network = subject_of_argument(thing)
            return network, network.kind
        reading, about = reading_of(thing, spec, prefix, trust, notes, f"{thing}: ")
        network = of_file(thing, reading, trust)
        return network, _about(network, about)

    if b is not None:
        (one, about_one), (two, about_two) = side(a), side(b)
        return Pair(one, two, (about_one, about_two), notes)
    if not is_file(a):
        raise click.UsageError(f"{a} is not a checkpoint: pass a second network to compare with")
    reading, about = reading_of(a, spec, prefix, trust, notes, "")
    if isinstance(reading, FileError):
        raise reading
    own = native_framework(reading[1])
    one = of_file(a, reading, trust)
    other = own
    if not one.own_function:
        one, other = one.with_title(f"{a} in {own.title}"), counterpart(own)
    two = in_framework(*reading, other, f"{a} in {other.title}")
    return Pair(one, two, (_about(one, about), about), notes)


def _about(network: "Subject", reading: str) -> str:
    """What a network is: how it is run if it runs itself, and our reading of it if there is one."""
    return ": ".join(filter(None, (network.kind if network.own_function else "", reading)))


def reading_of(
    file: str, spec: str | None, prefix: str | None, trust: "Trust", notes: list[str], start: str
) -> "tuple[Opened | FileError, str]":
    """Our reading of a file, or the reason why there is none, and what it is in a few words.

    Args:
        file: its path.
        spec: the value of `--spec`.
        prefix: the value of `--prefix`.
        trust: whether a program in the file may be run.
        notes: gets what a user should know about the file.
        start: of these notes.
    """
    from resnet_duet.cli.descriptions import caveats, naming_of, network_of
    from resnet_duet.errors import FileError
    from resnet_duet.identify.head import HeadChoice
    from resnet_duet.identify.open_checkpoint import open_checkpoint

    try:
        checkpoint, identity = open_checkpoint(
            file, known_spec(spec), None, HeadChoice.KEEP, prefix, trust=trust
        )
    except FileError as error:
        return error, ""
    skipped = [name for name in checkpoint.skipped if not name.endswith(COUNTER)]
    notes.extend(start + note for note in caveats(identity, skipped))
    return (checkpoint, identity), f"{network_of(identity)}, {naming_of(identity)}"


def show(result: "Comparison", pair: Pair) -> None:
    """Print the verdict, what A and B are, a row for each stage, and caveats."""
    console.result(result.match, result.verdict)
    longest = max(len(side.title) for side in (pair.a, pair.b))
    for letter, side, about in zip("AB", (pair.a, pair.b), pair.about, strict=True):
        space = " " * (longest - len(side.title))
        title = console.accent(side.title) + space
        console.say(f"{letter}  {title}  {console.dim(about)}", indent="  ")
    click.echo()
    console.stage_table(result)
    console.notes((*result.notes, *pair.caveats))


def command_line() -> str:
    """The command line that was given."""
    return shlex.join(["resnet-duet", *sys.argv[1:]])


def facts(result: "Comparison", report: Path | None) -> dict[str, object]:
    """The result as JSON."""
    first = result.first_divergence
    return {
        "match": result.match,
        "precision": result.precision,
        "networks": result.titles,
        "own_functions": result.own_functions,
        "notes": result.notes,
        "first_divergence": layer_facts(first) if first else None,
        "sizes": result.sizes,
        "seeds": result.seeds,
        "layers": [layer_facts(layer) for layer in result.layers],
        "report": str(report) if report else None,
    }


def layer_facts(layer: "LayerError") -> dict[str, object]:
    """The error of one layer as JSON."""
    return {
        "layer": layer.layer,
        "shape": layer.shape,
        "error": finite(layer.error),
        "tolerance": layer.tolerance,
        "match": layer.match,
        "reason": layer.reason,
    }


def finite(error: float) -> float | None:
    """The error for JSON, which has no NaN or infinity: null is an error without a size."""
    return error if math.isfinite(error) else None
