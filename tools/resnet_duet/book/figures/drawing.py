"""What the figures have in common: panels with captions and alternative texts."""

import base64
import html
import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resnet_duet.comparison.plot import CEILING, EPSILON

SIZE = (4.6, 3.2)  # inches: text is legible on a phone, and two panels fit next to each other
# Of the mistakes, in their order.
COLORS = ("#d94801", "#6a51a3", "#238b45", "#2171b5", "#a50f15", "#d01c8b", "#a6761d")
BASELINE, FLOAT32 = "#555555", "#aaaaaa"

T = TypeVar("T")


@dataclass(frozen=True)
class Panel:
    """A drawing.

    Attributes:
        figure: the drawing.
        caption: how to read it.
        alt: its content in words, for readers who do not see it.
    """

    figure: Figure
    caption: str
    alt: str

    def _repr_html_(self) -> str:
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=160, metadata={"Software": None})
        data = base64.b64encode(out.getvalue()).decode()
        return (
            '<figure style="flex: 1 1 19rem; margin: 0">'
            f'<img src="data:image/png;base64,{data}" alt="{html.escape(self.alt)}"'
            ' style="width: 100%">'
            f"<figcaption>{html.escape(self.caption)}</figcaption></figure>"
        )


@dataclass(frozen=True)
class Figures:
    """Panels next to each other, or below each other on a narrow page.

    Attributes:
        panels: the drawings.
        mistakes: the legend: a mistake for each of COLORS.
    """

    panels: Sequence[Panel]
    mistakes: Sequence[str]

    def _repr_html_(self) -> str:
        legend = "<br>".join(
            f'<span style="color: {color}" aria-hidden="true">&#9632;</span> {html.escape(mistake)}'
            for color, mistake in colored(self.mistakes)
        )
        panels = "".join(panel._repr_html_() for panel in self.panels)
        return (
            f'<p>{legend}</p><div style="display: flex; flex-wrap: wrap; gap: 1rem">{panels}</div>'
        )

    def __repr__(self) -> str:
        return "\n".join(f"{panel.caption} {panel.alt}" for panel in self.panels)


def colored(mistakes: Collection[T]) -> Iterator[tuple[str, T]]:
    """Each mistake, or what belongs to it, with its color.

    Raises:
        ValueError: there are more mistakes than colors.
    """
    return zip(COLORS[: len(mistakes)], mistakes, strict=True)


def blank() -> tuple[Figure, Axes]:
    """An empty drawing for a panel."""
    figure = Figure(figsize=SIZE, layout="constrained")
    return figure, figure.subplots()


def height(error: float | None) -> float:
    """The y coordinate of an error: within the axes, or NaN for None."""
    if error is None:
        return float("nan")
    return min(max(error, EPSILON), CEILING) if isfinite(error) else CEILING
