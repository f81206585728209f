"""`differences`: how the frameworks differ, explained and measured."""

import json
from itertools import groupby
from typing import TYPE_CHECKING

import click

from resnet_duet.cli import console, progress
from resnet_duet.cli.help import Command
from resnet_duet.cli.options import as_json
from resnet_duet.cli.table import Column
from resnet_duet.cli.verify import finite

if TYPE_CHECKING:
    from resnet_duet.differences.difference import Difference
    from resnet_duet.differences.measure import Measured, Measurement

UNITS = (
    "error: max|right - mistake| / max|right|, right in PyTorch and the mistake in Keras, in"
    " float64. baseline: both right. float32: rounding error of float32 alone."
)
CODE_INDENT = "  "
CONTRADICTED = "(this measurement shows the opposite)"


@click.command(
    cls=Command,
    examples=(
        ("List all differences:", "resnet-duet differences"),
        ("Explain and measure one:", "resnet-duet differences norm_eps"),
    ),
)
@click.argument("name", required=False)
@as_json
def differences(name: str | None, as_json: bool) -> None:
    """List framework differences, or explain and measure one.

    With NAME, the common mistakes are made in a small Keras network and compared with PyTorch:
    where they are visible, and where they go unnoticed. This needs both frameworks.
    """
    if name is None:
        list_all(as_json)
        return
    from resnet_duet.differences import difference
    from resnet_duet.differences.measure import measure

    one = difference(name)
    with progress.working(f"measuring {name} in both frameworks"):
        found = measure(one)
    if as_json:
        click.echo(json.dumps(facts(one, found), allow_nan=False))
    else:
        show(one, found)


def list_all(as_json: bool) -> None:
    """Print one row for each difference. No framework is needed."""
    from resnet_duet.differences import DIFFERENCES

    found = DIFFERENCES.values()
    if as_json:
        rows = [
            {"name": one.name, "category": one.category.value, "title": one.title} for one in found
        ]
        click.echo(json.dumps(rows))
        return
    groups = [
        (console.bold(category.value), [(one.name, one.title) for one in members])
        for category, members in groupby(found, key=lambda one: one.category)
    ]
    console.table((Column("name", style=console.accent), Column("difference", wrap=True)), groups)


def show(one: "Difference", found: "Measurement") -> None:
    """Print the explanation, the code, the measurement, the test and the exercise."""
    console.say(f"{console.bold(one.title)}  {console.dim(f'{one.name}, {one.category.value}')}")
    click.echo()
    console.paragraphs(one.about)
    for heading, _, code in code_of(one):
        section(heading)
        for line in code.splitlines():
            click.echo(CODE_INDENT + line)
    click.echo()
    columns = (
        Column("error", right=True),
        Column("baseline", right=True),
        Column("float32", right=True),
        Column("mistake", wrap=True),
    )
    groups = [(console.bold("visible"), [row(measured, True) for measured in found.visible])]
    for reason, members in groupby(found.unnoticed, key=lambda pair: pair[0]):
        heading = f"{console.bold('unnoticed')}  {console.dim(reason)}"
        groups.append((heading, [row(measured, False) for _, measured in members]))
    console.table(columns, groups)
    click.echo()
    console.note(UNITS)
    for heading, text in (("How to test for it", one.how_to_test), ("Exercise", one.exercise.task)):
        section(heading)
        console.paragraphs(text)


def section(heading: str) -> None:
    """Print a heading after an empty line."""
    click.echo()
    click.echo(console.bold(heading))


def code_of(one: "Difference") -> list[tuple[str, str, str]]:
    """(heading, key in the JSON, source code)."""
    from resnet_duet.differences.difference import MISTAKE
    from resnet_duet.frameworks import FRAMEWORKS

    headings = {name: own.title for name, own in FRAMEWORKS.items()}
    headings[MISTAKE] = f"Common mistake in {headings[one.mistake_in]}"
    return [(headings[key], key, code) for key, code in one.code.items()]


def row(measured: "Measured", should_show: bool) -> tuple[str, ...]:
    """Three errors, and the mistake; a remark where the measurement contradicts its heading."""
    errors = (measured.error, measured.baseline, measured.float32_error)
    remark = "" if measured.is_visible is should_show else f" {CONTRADICTED}"
    return (*(f"{error:.1e}" for error in errors), measured.description + remark)


def facts(one: "Difference", found: "Measurement") -> dict[str, object]:
    """The result as JSON."""

    def measurement(measured: "Measured") -> dict[str, object]:
        return {
            "description": measured.description,
            "error": finite(measured.error),
            "baseline": finite(measured.baseline),
            "float32_error": finite(measured.float32_error),
            "is_visible": measured.is_visible,
        }

    return {
        "name": one.name,
        "category": one.category.value,
        "title": one.title,
        "description": one.about,
        "code": {key: code for _, key, code in code_of(one)},
        "mistake_in": one.mistake_in,
        "visible": [measurement(measured) for measured in found.visible],
        "unnoticed": [
            measurement(measured) | {"reason": reason} for reason, measured in found.unnoticed
        ],
        "how_to_test": one.how_to_test,
        "exercise": {"task": one.exercise.task, "solution": one.exercise.solution},
    }
