"""What the commands print on stdout: result lines, caveats, tables. No library is needed."""

import math
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TextIO

import click

from resnet_duet.cli.table import Column, Group, Style, bold, fold, length, table_lines

if TYPE_CHECKING:
    from resnet_duet.comparison.comparison import Comparison
    from resnet_duet.comparison.layer_errors import LayerError

UNLIMITED = 10_000  # columns where no terminal limits them
READABLE = 100  # columns of a paragraph
LOWEST = -16  # power of ten at which the bars of errors start: rounding in float64

dim: Style = partial(click.style, dim=True)
accent: Style = partial(click.style, fg="cyan")
assumed: Style = partial(click.style, fg="yellow")
good: Style = partial(click.style, fg="green")
bad: Style = partial(click.style, fg="red")


def has_color(stream: TextIO) -> bool:
    """Whether a stream gets colours: a terminal does, unless NO_COLOR is set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def columns_of(stream: TextIO) -> int:
    """Columns that a line may take: COLUMNS or the terminal's; a pipe has no limit."""
    if stream.isatty() or "COLUMNS" in os.environ:
        return shutil.get_terminal_size().columns
    return UNLIMITED


def width() -> int:
    """Columns of a line on stdout."""
    return columns_of(sys.stdout)


def say(text: str, style: Style = str, indent: str = "") -> None:
    """Print a paragraph in a style; it wraps between words, with a hanging indent."""
    for line in fold(text, width(), indent, indent + "  "):
        click.echo(style(line))


def note(text: str) -> None:
    """Print a caveat below a result: indented and dim."""
    say(text, dim, "  ")


def notes(texts: Sequence[str]) -> None:
    """Print caveats below a table, after an empty line."""
    if texts:
        click.echo()
    for text in texts:
        note(text)


def hints(targets: Mapping[str, str]) -> None:
    """Print files and commands to go on with, after an empty line: {what for: path or command}."""
    if targets:
        click.echo()
    for purpose, target in targets.items():
        say(f"{purpose}: {accent(target)}")


def warning(text: str) -> None:
    """Print a warning below a result."""
    say(text, assumed, "  ")


def paragraphs(text: str) -> None:
    """Print paragraphs that an empty line separates, at a readable width."""
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            click.echo()
        for line in fold(paragraph, min(width(), READABLE)):
            click.echo(line)


def result(success: bool | None, subject: str, facts: Iterable[str] = ()) -> None:
    """Print the first line of a result.

    Args:
        success: True for ✓, False for ✗, None for no sign.
        subject: a path or a verdict, bold.
        facts: separated by dots. A line breaks between facts only.
    """
    sign = {True: good("✓") + " ", False: bad("✗") + " ", None: ""}[success]
    used = length(sign)
    first, *others = fold(subject, width() - used)
    lines = [sign + bold(first), *(" " * used + bold(line) for line in others)]
    room = width() - length(lines[-1])
    separator = "  "
    for fact in facts:
        text = separator + fact
        if len(text) > room:
            lines.append("  " + dim(fact))
            room = width() - len(fact) - 2
        else:
            lines[-1] += dim(text)
            room -= len(text)
        separator = " · "
    for line in lines:
        click.echo(line)


def table(columns: Sequence[Column], groups: Iterable[Group]) -> None:
    """Print a table that fits the terminal; see `table_lines`."""
    for line in table_lines(columns, list(groups), width()):
        click.echo(line)


def stage_table(comparison: "Comparison") -> None:
    """Print one row for each stage: the worst error, its layer, and a bar on a log scale."""
    columns = (
        Column("stage"),
        Column("output"),
        Column("worst error", right=True),
        Column("in layer"),
        Column(""),
        Column(f"1e{LOWEST} to 1"),
    )
    rows = [
        (
            stage,
            "x".join(map(str, last.shape)),
            "-" if worst.reason else f"{worst.error:.1e}",
            worst.layer,
            good("✓") if worst.match else bad("✗"),
            bar(worst, good if worst.match else bad),
        )
        for stage, last, worst in comparison.by_stage()
    ]
    lines = list(table_lines(columns, [("", rows)], UNLIMITED))
    if max(length(line) for line in lines) > width():
        lines = list(table_lines(columns[:-1], [("", [row[:-1] for row in rows])], UNLIMITED))
    for line in lines:
        click.echo(line)


def bar(row: "LayerError", style: Style) -> str:
    """An error as a bar, one sign for each power of ten, with a tick at the tolerance."""
    filled, tick = decades(row.error), min(decades(row.tolerance), -LOWEST - 1)
    signs = ["━"] * filled + ["·"] * (-LOWEST - filled)
    signs[tick] = "┿" if tick < filled else "│"
    return style("".join(signs[:filled])) + dim("".join(signs[filled:]))


def decades(error: float) -> int:
    """The powers of ten by which an error exceeds `LOWEST`, at most up to 1."""
    if not math.isfinite(error):
        return -LOWEST
    return min(max(round(math.log10(error) - LOWEST), 0), -LOWEST) if error > 0 else 0
