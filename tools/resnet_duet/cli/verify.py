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
from resnet_duet.cli.options import as_json, known_spec, with_spec

if TYPE_CHECKING:
    from resnet_duet.comparison.comparison import Comparison
    from resnet_duet.comparison.layer_errors import LayerError
    from resnet_duet.comparison.subject import Subject
    from resnet_duet.formats.checkpoint import Checkpoint
    from resnet_duet.identify.identify import Identity

NETWORKS = """A and B are checkpoints, .onnx files, or CODE.py:NAME, where NAME is a torch module, a
    Keras model or a resnet_duet.Function that the file defines. The file is run."""

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
@as_json
def verify(
    a: str, b: str | None, spec: str | None, seeds: int, report: Path | None, as_json: bool
) -> None:
    """See the decorator for the help."""
    from resnet_duet.comparison.compare import compare
    from resnet_duet.comparison.report import check_report_path, write_report

    if report:
        check_report_path(report)
    with progress.working(f"building {a}" if b is None else f"building {a} and {b}"):
        pair = pair_of(a, b, spec)
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
            hints["find the cause"] = shlex.join(words)
        console.hints(hints)
    raise click.exceptions.Exit(0 if result.match else 1)


def pair_of(a: str, b: str | None, spec: str | None) -> Pair:
    """Both networks; a checkpoint without a counterpart is built in two frameworks."""
    from resnet_duet.cli.descriptions import caveats, naming_of, network_of
    from resnet_duet.comparison.adapters import is_checkpoint, subject_of_argument
    from resnet_duet.comparison.adapters.checkpoint import in_framework, native_framework
    from resnet_duet.frameworks import counterpart
    from resnet_duet.identify.head import HeadChoice
    from resnet_duet.identify.open_checkpoint import open_checkpoint

    known = known_spec(spec)
    notes: list[str] = []

    def identified(thing: str) -> "tuple[Checkpoint, Identity, str]":
        checkpoint, identity = open_checkpoint(thing, known, None, HeadChoice.ANY)
        skipped = [name for name in checkpoint.skipped if not name.endswith(COUNTER)]
        prefix = f"{thing}: " if b is not None else ""
        notes.extend(prefix + note for note in caveats(identity, checkpoint.configs, skipped))
        return checkpoint, identity, f"{network_of(identity)}, {naming_of(identity.dialect)}"

    def side(thing: str) -> "tuple[Subject, str]":
        if not is_checkpoint(thing):
            network = subject_of_argument(thing)
            return network, network.kind
        checkpoint, identity, about = identified(thing)
        own = native_framework(identity)
        return in_framework(checkpoint, identity, own, thing), about

    if b is not None:
        (one, about_one), (two, about_two) = side(a), side(b)
        return Pair(one, two, (about_one, about_two), notes)
    if not is_checkpoint(a):
        raise click.UsageError(f"{a} is not a checkpoint: pass a second network to compare with")
    checkpoint, identity, about = identified(a)
    own = native_framework(identity)
    one, two = (
        in_framework(checkpoint, identity, framework, f"{a} in {framework.title}")
        for framework in (own, counterpart(own))
    )
    return Pair(one, two, (about, about), notes)


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
    console.notes(pair.caveats)


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
