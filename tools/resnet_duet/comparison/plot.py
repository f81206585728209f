"""The error of every layer as a figure: log scale, tolerance, the first divergence."""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from resnet_duet.comparison.comparison import Comparison
from resnet_duet.comparison.layer_errors import LayerError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EPSILON = 2.2e-16  # float64's machine epsilon; smaller errors are drawn here
CEILING = 1e2  # larger errors, NaN and infinity are drawn here

MARGIN = 30  # the axis extends beyond the data by this factor, for text
LETTER = 0.075  # inches: the width of a letter of a stage's name
PLOT = 0.85  # of the figure's width; the rest is for the labels of the y axis


@dataclass(frozen=True)
class Palette:
    """Colours for one background, distinct for colour-blind readers: blue against orange."""

    ink: str
    faint: str
    band: str
    match: str
    mismatch: str


LIGHT = Palette("#1b2330", "#69727f", "#eef1f5", "#1668b8", "#c2410c")
DARK = Palette("#e6eaf0", "#98a2b0", "#1f2732", "#6db3f2", "#ff9d5c")

WIDE, NARROW = (10.0, 4.2), (4.6, 4.6)  # inches, for a desktop and for a phone


def figure_svg(result: Comparison, palette: Palette, size: tuple[float, float]) -> str:
    """The figure as an SVG element for an HTML page.

    Args:
        result: the comparison.
        palette: LIGHT or DARK.
        size: (width, height) in inches, WIDE or NARROW.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings: dict[Any, str] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "resnet-duet",
        "font.family": "sans-serif",
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=size, layout="constrained", facecolor="none")
        axes = figure.add_subplot(facecolor="none")
        _draw_scales(axes, result, palette)
        _draw_stages(axes, result, palette, size[0])
        _draw_limits(axes, result, palette)
        _draw_points(axes, result.layers, palette)
        _draw_first_divergence(axes, result, palette)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()[out.getvalue().index("<svg") :]


def height(row: LayerError) -> float:
    """The y coordinate of a layer's error."""
    if not math.isfinite(row.error):
        return CEILING
    return min(max(row.error, EPSILON), CEILING)


def limits(rows: Sequence[LayerError]) -> tuple[float, float]:
    """The ends of the y axis: the errors and tolerances, with a margin."""
    top = max(*(height(row) for row in rows), *(row.tolerance for row in rows))
    return EPSILON / MARGIN, top * MARGIN


def bands(result: Comparison) -> Iterator[tuple[str, int, int]]:
    """(stage, its first layer, its last layer) of each stage, in execution order."""
    stage_of = {row.layer: stage for stage, rows in result.stages.items() for row in rows}
    start = 0
    for stage, group in groupby(stage_of.get(row.layer, "") for row in result.layers):
        end = start + len(list(group))
        yield stage, start, end - 1
        start = end


def label_rows(result: Comparison, width: float) -> list[int]:
    """The text row, 0 or 1, of each band's name: 1 where it would overlap the one to its left.

    Args:
        result: the comparison.
        width: of the figure, in inches.
    """
    letter = LETTER / (PLOT * width) * len(result.layers)
    ends = [-math.inf, -math.inf]  # of the last name in each row
    rows = []
    for stage, first, last in bands(result):
        half = (len(stage) + 1) * letter / 2
        middle = (first + last) / 2
        row = 0 if middle - half > ends[0] else 1
        ends[row] = middle + half
        rows.append(row)
    return rows


def _draw_scales(axes: "Axes", result: Comparison, palette: Palette) -> None:
    axes.set_yscale("log")
    axes.set_ylim(*limits(result.layers))
    axes.set_xlim(-1, len(result.layers))
    axes.set_ylabel("relative error", color=palette.ink)
    axes.set_xlabel(f"{len(result.layers)} layers, in execution order", color=palette.ink)
    axes.set_xticks([])
    axes.tick_params(colors=palette.faint, which="both", length=0)
    for edge in ("top", "right", "bottom", "left"):
        axes.spines[edge].set_visible(False)


def _draw_stages(axes: "Axes", result: Comparison, palette: Palette, width: float) -> None:
    """The stages, shaded alternately, with their names above the plot."""
    rows = label_rows(result, width)
    for number, (stage, first, last) in enumerate(bands(result)):
        if number % 2:
            axes.axvspan(first - 0.5, last + 0.5, color=palette.band, linewidth=0)
        axes.annotate(
            stage,
            ((first + last) / 2, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4 + 10 * rows[number]),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=palette.faint,
        )


def _draw_limits(axes: "Axes", result: Comparison, palette: Palette) -> None:
    """The tolerance, named at the end that is far from the first divergence, and the epsilon."""
    xs, tolerances = range(len(result.layers)), [row.tolerance for row in result.layers]
    axes.step(xs, tolerances, where="mid", color=palette.ink, linestyle="--", lw=1)
    axes.axhline(EPSILON, color=palette.faint, linestyle=":", lw=1)
    ends = {"left": (-0.8, tolerances[0]), "right": (len(tolerances) - 0.2, tolerances[-1])}
    end = "right" if _diverges_on_the_left(result) else "left"
    x, y = ends[end]
    axes.text(x, y * 1.3, "tolerance", ha=end, va="bottom", color=palette.ink, fontsize=8)
    epsilon = "float64 machine epsilon"
    axes.text(-0.8, EPSILON / 1.5, epsilon, va="top", color=palette.faint, fontsize=8)


def _diverges_on_the_left(result: Comparison) -> bool:
    """Whether there is more room to the right of the first divergence than to its left."""
    first = result.first_divergence
    return first is not None and result.layers.index(first) < len(result.layers) * 0.6


def _draw_points(axes: "Axes", rows: Sequence[LayerError], palette: Palette) -> None:
    """A dot for each layer that matches, a cross for each that does not."""
    for match, marker, color in ((True, "o", palette.match), (False, "x", palette.mismatch)):
        xs = [x for x, row in enumerate(rows) if row.match is match]
        ys = [height(rows[x]) for x in xs]
        axes.plot(xs, ys, marker, color=color, markersize=4, gid="points")


def _draw_first_divergence(axes: "Axes", result: Comparison, palette: Palette) -> None:
    """A vertical line at the first layer that does not match, with its name."""
    row = result.first_divergence
    if row is None:
        return
    x = result.layers.index(row)
    axes.vlines(x, EPSILON, height(row), color=palette.mismatch, lw=1.2)
    is_left = _diverges_on_the_left(result)
    axes.annotate(
        f"first divergence: {row.layer}",
        (x, math.sqrt(EPSILON * row.tolerance)),  # below every mismatch
        xytext=(6 if is_left else -6, 0),
        textcoords="offset points",
        ha="left" if is_left else "right",
        color=palette.mismatch,
        fontsize=9,
        fontweight="bold",
    )
