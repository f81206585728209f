"""Tables of text that fit the terminal: they wrap between words and cut nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import click

Style = Callable[[str], str]
Row = Sequence[str]  # one cell for each column
Group = tuple[str, Sequence[Row]]  # heading or "", rows

UNBREAKABLE = "\N{NO-BREAK SPACE}"
GAP = "  "  # between two columns
NARROWEST = 24  # columns of a cell that wraps; with less room it goes below its row
BELOW = "    "  # indent of such a cell

bold: Style = partial(click.style, bold=True)


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        heading: what is above it.
        right: whether its cells are aligned to the right, as numbers are.
        wrap: whether its cells may take several lines. Only the last column may.
        style: of its cells.
    """

    heading: str
    right: bool = False
    wrap: bool = False
    style: Style = str


def fold(text: str, columns: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """The text as lines of at most so many columns, broken between words only.

    `textwrap` would count the escape codes of colours.

    Args:
        text: words. At a no-break space a line does not break; it is printed as a space.
        columns: of a line. A longer word takes a longer line.
        indent: of the first line.
        hanging: indent of the other lines; None for the same.
    """
    lines, words = [indent], 0
    for word in text.replace("\n", " ").split(" "):
        if words and length(lines[-1]) + 1 + length(word) > columns:
            lines.append(indent if hanging is None else hanging)
            words = 0
        if words or word:
            lines[-1] += " " * (words > 0) + word
            words += 1
    return [line.replace(UNBREAKABLE, " ").rstrip() for line in lines]


def length(text: str) -> int:
    """Columns that a text takes on the screen."""
    return len(click.unstyle(text))


def table_lines(columns: Sequence[Column], groups: Sequence[Group], limit: int) -> Iterator[str]:
    """The lines of a table.

    Args:
        columns: of the table. The last one may wrap; without room for it, it goes below its row.
        groups: rows under a heading, which may be styled, or under none.
        limit: columns of the terminal.
    """
    rows = [row for _, members in groups for row in members]
    fixed = [column for column in columns if not column.wrap]
    last = columns[-1] if columns[-1].wrap else None
    widths = [
        max(length(cell) for cell in (column.heading, *(row[at] for row in rows)))
        for at, column in enumerate(fixed)
    ]
    indent = GAP if any(heading for heading, _ in groups) else ""
    start = len(indent) + sum(widths) + len(GAP) * len(widths)
    longest = max((len(row[-1]) for row in rows), default=0)
    is_below = last is not None and limit - start < min(NARROWEST, longest)
    headings = indent + _aligned([bold(column.heading) for column in fixed], fixed, widths)
    yield headings if last is None or is_below else headings + GAP + bold(last.heading)
    for number, (heading, members) in enumerate(groups):
        yield from [""] * (number > 0)
        yield from fold(heading, limit, "", GAP) if heading else []
        for row in members:
            cells = [column.style(cell) for column, cell in zip(fixed, row, strict=False)]
            line = indent + _aligned(cells, fixed, widths)
            if last is None:
                yield line
            elif is_below:
                yield line
                yield from map(last.style, fold(row[-1], limit, indent + BELOW))
            else:
                first, *others = fold(row[-1], limit - start)
                yield line + GAP + last.style(first)
                yield from (" " * start + last.style(other) for other in others)


def _aligned(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    """Styled cells, each padded to the width of its column."""
    padded = []
    for cell, column, columns_wide in zip(cells, columns, widths, strict=True):
        space = " " * (columns_wide - length(cell))
        padded.append(space + cell if column.right else cell + space)
    return GAP.join(padded)
