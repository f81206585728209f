"""Tables in notebooks."""

import html
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import isnan

from resnet_duet.differences.difference import Difference
from resnet_duet.differences.measure import Measured, Measurement

SHORT = 26  # characters
ERRORS = ("error", "baseline", "float32")


class Table:
    """Rows under headings: a table in a notebook, aligned text for `print`.

    Args:
        headings: one for each column.
        rows: the values, formatted by `cell`. Columns of numbers are right-aligned.
    """

    def __init__(self, headings: Sequence[str], rows: Iterable[Sequence[object]]):
        rows = list(rows)
        self.headings = tuple(headings)
        self.rows = [tuple(map(cell, row)) for row in rows]
        self.is_numeric = [all(map(is_number, column)) for column in zip(*rows, strict=True)]

    def _repr_html_(self) -> str:
        head = "".join(self._cell("th", *x) for x in enumerate(self.headings))
        body = "".join(
            f"<tr>{''.join(self._cell('td', *x) for x in enumerate(row))}</tr>" for row in self.rows
        )
        return (
            f'<table class="docutils align-default"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>"
        )

    def __repr__(self) -> str:
        rows = [line for row in (self.headings, *self.rows) for line in _lines(row)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        formats = [f"{'>' if n else '<'}{w}" for n, w in zip(self.is_numeric, widths, strict=True)]
        return "\n".join("  ".join(map(format, row, formats)) for row in rows)

    def _cell(self, tag: str, column: int, text: str) -> str:
        content = html.escape(text).replace("\n", "<br>")
        align = "right" if self.is_numeric[column] else "left"
        wrap = self._wrap(column) if tag == "td" else "vertical-align: bottom"
        return f'<{tag} style="text-align: {align}; {wrap}">{content}</{tag}>'

    def _wrap(self, column: int) -> str:
        """CSS that breaks long text into lines, but no headings, numbers and short text."""
        if self.is_numeric[column]:
            return "white-space: nowrap"
        longest = max(
            (len(line) for row in self.rows for line in row[column].split("\n")), default=0
        )
        return "white-space: nowrap" if longest <= SHORT else f"min-width: {SHORT / 2:g}em"


def _lines(row: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The row, and further ones for the further lines of its cells."""
    cells = [text.split("\n") for text in row]
    for n in range(max(map(len, cells))):
        yield tuple(lines[n] if n < len(lines) else "" for lines in cells)


def is_number(value: object) -> bool:
    """Whether a value is right-aligned: numbers are, but not True and False."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def cell(value: object) -> str:
    """Format a value: 25,557,032 or 3.1e-15 or yes; NaN is empty."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float() if isnan(value):
            return ""
        case float() if abs(value) >= 1000:
            return f"{value:,.0f}"
        case float():
            return f"{value:.1e}" if 0 < abs(value) < 1e-3 else f"{value:.3g}"
        case _:
            return str(value)


def visible(measurement: Measurement) -> Table:
    """The mistakes of a difference in the experiment that shows them."""
    rows = [(m.description, *_errors([m])) for m in measurement.visible]
    return Table(("mistake", *ERRORS), rows)


def unnoticed(measurement: Measurement) -> Table:
    """The experiments that do not show the mistakes of a difference.

    A row for each experiment: its mistakes, and the largest of their errors.
    """
    rows = []
    for reason, group in groupby(measurement.unnoticed, key=lambda pair: pair[0]):
        mistakes = [measured for _, measured in group]
        descriptions = "\n".join(measured.description for measured in mistakes)
        rows.append((reason, descriptions, *_errors(mistakes)))
    return Table(("reason", "mistake", *ERRORS), rows)


def _errors(mistakes: Sequence[Measured]) -> tuple[float, float, float]:
    """The largest errors of some mistakes in one experiment."""
    return (
        max(measured.error for measured in mistakes),
        max(measured.baseline for measured in mistakes),
        max(measured.float32_error for measured in mistakes),
    )


def fixes(difference: Difference) -> Table:
    """The line that fixes each mistake."""
    mistakes = difference.mistakes(difference.visible())
    return Table(("mistake", "fix"), [(m.description, m.fix) for m in mistakes])
