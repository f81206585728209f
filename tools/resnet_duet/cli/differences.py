"""`differences`: in what the frameworks differ, told and measured."""

import json
from textwrap import fill
from typing import TYPE_CHECKING

import click

from resnet_duet.cli.options import as_json

if TYPE_CHECKING:
    from resnet_duet.experiments.difference import Difference
    from resnet_duet.experiments.measure import Measured, Measurement

HEADINGS = ("done wrong", "error", "noise", "noise in float32", "")
UNITS = (
    "Error: max|right - wrong| / max|right| of what comes out, right in PyTorch and wrong in Keras,"
    " both in float64. Noise: the same with nothing wrong, and what float32 alone makes of it."
)


@click.command()
@click.argument("name", required=False)
@as_json
def differences(name: str | None, as_json: bool) -> None:
    """List the differences between the frameworks, or tell one of them and measure it.

    With NAME the mistakes that come of a difference are made in a small network, in Keras, and
    measured against PyTorch: where they show, and where they hide.
    """
    if name is None:
        list_all(as_json)
        return
    from resnet_duet.differences import difference
    from resnet_duet.experiments.measure import measure
    from resnet_duet.tables import spinner

    one = difference(name)
    with spinner(f"measuring {name} in both frameworks"):
        found = measure(one)
    if as_json:
        click.echo(json.dumps(facts(one, found), allow_nan=False))
    else:
        tell(one, found)


def list_all(as_json: bool) -> None:
    """Every difference in a row. No framework is needed."""
    from resnet_duet.differences import DIFFERENCES

    headings = ("name", "chapter", "what differs")
    rows = [(one.name, one.group.value, one.title) for one in DIFFERENCES.values()]
    if as_json:
        click.echo(json.dumps([dict(zip(headings, row, strict=True)) for row in rows]))
    else:
        from resnet_duet.tables import print_table

        print_table(headings, rows)


def tell(one: "Difference", found: "Measurement") -> None:
    """The paragraph, the code, what was measured, how to test for it, and something to do."""
    from resnet_duet.frameworks import FRAMEWORKS
    from resnet_duet.tables import console, print_table

    width = min(console.width, 100)
    console.print(f"{one.name} ({one.group}): {one.title}\n", style="bold")
    console.print(fill(one.about, width))
    wrong = f"wrong, in {FRAMEWORKS[one.wrong_in].title}"
    for heading, code in (("PyTorch", one.torch), ("Keras", one.keras), (wrong, one.wrong)):
        console.print(f"\n{heading}:")
        for line in code.splitlines():
            console.print(f"    {line}")
    console.print()
    rows = [row(measured, "does not show") for measured in found.shown]
    rows += [row(measured, f"hidden: {why}") for why, measured in found.hidden]
    print_table(HEADINGS, rows)
    console.print(f"\n{fill(UNITS, width)}")
    for heading, words in (("to test for it", one.check), ("exercise", one.exercise.task)):
        console.print(f"\n{heading}:\n{fill(words, width)}")


def row(measured: "Measured", otherwise: str) -> tuple[str, ...]:
    """What was done, three numbers, and that it shows, or else."""
    numbers = (measured.error, measured.noise, measured.noise32)
    verdict = "shows" if measured.shows else otherwise
    return (measured.what, *(f"{number:.1e}" for number in numbers), verdict)


def facts(one: "Difference", found: "Measurement") -> dict[str, object]:
    """The same for a program."""
    from resnet_duet.cli.verify import finite

    def numbers(measured: "Measured") -> dict[str, object]:
        return {
            "what": measured.what,
            "error": finite(measured.error),
            "noise": finite(measured.noise),
            "noise_float32": finite(measured.noise32),
            "shows": measured.shows,
        }

    return {
        "name": one.name,
        "chapter": one.group.value,
        "title": one.title,
        "about": one.about,
        "torch": one.torch,
        "keras": one.keras,
        "wrong": one.wrong,
        "wrong_in": one.wrong_in,
        "shown": [numbers(measured) for measured in found.shown],
        "hidden": [numbers(measured) | {"why": why} for why, measured in found.hidden],
        "check": one.check,
        "exercise": {"task": one.exercise.task, "solution": one.exercise.solution},
    }
