"""Drawings with their words, and what all of them have in common."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from resnet_duet.proof.plot import CEILING, EPSILON

SIZE = (4.6, 3.2)  # inches: letters are read on a telephone, and two stand side by side on a desk
COLORS = ("#d94801", "#6a51a3", "#238b45", "#2171b5", "#a50f15")  # of the mistakes
NOISE, ROUNDED = "#555555", "#aaaaaa"


@dataclass(frozen=True)
class Panel:
    """A drawing, how to read it, and its words for those who do not see it."""

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
class Picture:
    """Panels side by side, or below each other where the page is narrow.

    Attributes:
        panels: the drawings.
        mistakes: what each of COLORS stands for.
    """

    panels: Sequence[Panel]
    mistakes: Sequence[str]

    def _repr_html_(self) -> str:
        legend = "<br>".join(
            f'<span style="color: {color}" aria-hidden="true">&#9632;</span> {html.escape(what)}'
            for color, what in zip(COLORS, self.mistakes, strict=False)
        )
        drawn = "".join(panel._repr_html_() for panel in self.panels)
        return (
            f'<p>{legend}</p><div style="display: flex; flex-wrap: wrap; gap: 1rem">{drawn}</div>'
        )

    def __repr__(self) -> str:
        return "\n".join(f"{panel.caption} {panel.alt}" for panel in self.panels)


def blank() -> tuple[Figure, Axes]:
    """Paper for a panel."""
    figure = Figure(figsize=SIZE, layout="constrained")
    return figure, figure.subplots()


def height(error: float | None) -> float:
    """Where an error is drawn; nothing is drawn of what is not there."""
    if error is None:
        return float("nan")
    return min(max(error, EPSILON), CEILING) if isfinite(error) else CEILING
