"""Tables that a notebook shows."""

import html
from collections.abc import Iterable, Sequence
from math import isnan

from resnet_duet.experiments.difference import Difference
from resnet_duet.experiments.measure import Measurement

SHORT = 26  # characters
NUMBERS = ("error", "noise", "noise in float32")


class Table:
    """Rows under headings; a notebook shows it as a table, and `print` as text."""

    def __init__(self, headings: Sequence[str], rows: Iterable[Sequence[object]]):
        rows = list(rows)
        self.headings = tuple(headings)
        self.rows = [tuple(map(cell, row)) for row in rows]
        self.numbers = [all(map(is_number, column)) for column in zip(*rows, strict=True)]

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
        rows = [self.headings, *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        forms = [f"{'>' if n else '<'}{w}" for n, w in zip(self.numbers, widths, strict=True)]
        return "\n".join("  ".join(map(format, row, forms)) for row in rows)

    def _cell(self, tag: str, column: int, text: str) -> str:
        words = html.escape(text).replace("\n", "<br>")
        side = "right" if self.numbers[column] else "left"
        wrap = self._wrap(column) if tag == "td" else "vertical-align: bottom"
        return f'<{tag} style="text-align: {side}; {wrap}">{words}</{tag}>'

    def _wrap(self, column: int) -> str:
        """Headings and long words break into lines; numbers, and what is short, do not."""
        if self.numbers[column]:
            return "white-space: nowrap"
        longest = max(
            (len(line) for row in self.rows for line in row[column].split("\n")), default=0
        )
        return "white-space: nowrap" if longest <= SHORT else f"min-width: {SHORT / 2:g}em"


def is_number(value: object) -> bool:
    """Whether a cell stands to the right; yes and no do not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def cell(value: object) -> str:
    """A cell for a person: 25,557,032 or 3.1e-15; nothing for NaN."""
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


def shown(found: Measurement) -> Table:
    """The mistakes of a difference where they show."""
    rows = [(m.what, m.error, m.noise, m.noise32) for m in found.shown]
    return Table(("done wrong", *NUMBERS), rows)


def hidden(found: Measurement) -> Table:
    """The mistakes of a difference where they hide."""
    rows = [(why, m.what, m.error, m.noise, m.noise32) for why, m in found.hidden]
    return Table(("where it hides", "done wrong", *NUMBERS), rows)


def mends(difference: Difference) -> Table:
    """The line that mends each mistake."""
    made = difference.mistakes(difference.shown())
    return Table(("done wrong", "mended by"), [(m.what, m.mend) for m in made])
