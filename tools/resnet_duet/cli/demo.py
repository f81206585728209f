"""`demo`: the whole job on real data."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from resnet_duet.cli import console, progress
from resnet_duet.cli.help import Command
from resnet_duet.cli.options import as_json

if TYPE_CHECKING:
    from resnet_duet.demo import DemoResult


@click.command(
    cls=Command,
    examples=(
        ("Run it in two minutes:", "resnet-duet demo"),
        ("Run it in seconds, with a poor network:", "resnet-duet demo --epochs 1"),
    ),
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("resnet-duet-demo"),
    show_default=True,
    metavar="FOLDER",
    help="Folder of the checkpoints.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    metavar="N",
    help="Passes over the training images.",
)
@as_json
def demo(out: Path, epochs: int, as_json: bool) -> None:
    """Train on digits in PyTorch, convert to Keras, and compare.

    Needs PyTorch, Keras and scikit-learn. Exit status: 0 the networks match, 1 they differ.
    """
    from resnet_duet.demo import Stage, run

    titles = {
        Stage.TRAIN: "training on handwritten digits in PyTorch",
        Stage.CONVERT: "converting to Keras",
        Stage.COMPARE: "comparing both networks",
    }
    with progress.undisturbed(), progress.stage_bars() as (start, step):
        result = run(out, epochs, lambda stage: start(titles[stage]), step)
    if as_json:
        click.echo(json.dumps(facts(result)))
    else:
        show(result)
    raise click.exceptions.Exit(0 if result.passed else 1)


def show(result: "DemoResult") -> None:
    """Print the verdict, the stages, and what was found on the test images."""
    console.result(result.passed, result.comparison.verdict)
    share = f"of {result.held_out} test images"
    torch_file, keras_file = map(str, result.files)
    facts = {
        "correct in PyTorch": f"{result.correct_torch} {share}",
        "correct in Keras": f"{result.correct_keras} {share}",
        "same class in both": f"{result.same_predictions} {share}",
        "logits": f"relative error {result.logit_error:.1e}",
        "weights back": "bit-exact" if result.round_trip_exact else "CHANGED",
        "PyTorch file": console.accent(torch_file),
        "Keras file": console.accent(keras_file),
    }
    for label, text in facts.items():
        console.say(f"{label:18}  {text}", indent="  ")
    click.echo()
    console.stage_table(result.comparison)


def facts(result: "DemoResult") -> dict[str, object]:
    """The result as JSON."""
    return {
        "passed": result.passed,
        "held_out": result.held_out,
        "correct_torch": result.correct_torch,
        "correct_keras": result.correct_keras,
        "same_predictions": result.same_predictions,
        "logit_error": result.logit_error,
        "layers_match": result.comparison.match,
        "round_trip_exact": result.round_trip_exact,
        "files": [str(file) for file in result.files],
    }
