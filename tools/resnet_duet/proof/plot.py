"""The error of every layer as a picture: log scale, what is allowed, where the two part."""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from resnet_duet.proof.compare import Comparison
from resnet_duet.proof.rows import Row

EPSILON = 2.2e-16  # float64's own step: what is below it is drawn at it
CEILING = 1e2  # what is above it, or no number at all, is drawn at it


@dataclass(frozen=True)
class Look:
    """Colours for one background, readable for the colour-blind: blue against orange."""

    ink: str
    faint: str
    band: str
    same: str
    different: str


LIGHT = Look("#1b2330", "#69727f", "#eef1f5", "#1668b8", "#c2410c")
DARK = Look("#e6eaf0", "#98a2b0", "#1f2732", "#6db3f2", "#ff9d5c")

WIDE, NARROW = (10.0, 4.2), (4.6, 4.6)  # inches; the narrow one is for a phone


def drawing(result: Comparison, look: Look, size: tuple[float, float]) -> str:
    """The picture as SVG, to stand within a page."""
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
        _scales(axes, result, look)
        _parts(axes, result, look)
        _floor(axes, result.rows, look)
        _points(axes, result.rows, look)
        _parting(axes, result, look)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()[out.getvalue().index("<svg") :]


def height(row: Row) -> float:
    """Where a row's error is drawn."""
    if not math.isfinite(row.error):
        return CEILING
    return min(max(row.error, EPSILON), CEILING)


def bands(result: Comparison) -> Iterator[tuple[str, int, int]]:
    """(part, its first row, its last row) of each part, in running order."""
    owner = {row.layer: part for part, rows in result.parts.items() for row in rows}
    parts = [owner.get(row.layer, "") for row in result.rows]
    start = 0
    for part, group in groupby(parts):
        end = start + len(list(group))
        yield part, start, end - 1
        start = end


def _scales(axes, result: Comparison, look: Look) -> None:
    axes.set_yscale("log")
    axes.set_ylim(EPSILON / 50, CEILING * 30)
    axes.set_xlim(-1, len(result.rows))
    axes.set_ylabel("relative error", color=look.ink)
    axes.set_xlabel(f"{len(result.rows)} outputs, in running order", color=look.ink)
    axes.set_xticks([])
    axes.tick_params(colors=look.faint, which="both", length=0)
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


def _parts(axes, result: Comparison, look: Look) -> None:
    """Every second part of the network shaded, each with its name."""
    for number, (part, first, last) in enumerate(bands(result)):
        if number % 2:
            axes.axvspan(first - 0.5, last + 0.5, color=look.band, linewidth=0)
        middle = (first + last) / 2
        axes.text(middle, CEILING * 12, part, ha="center", va="top", fontsize=8, color=look.faint)


def _floor(axes, rows: Sequence[Row], look: Look) -> None:
    """What rounding alone is allowed, and float64's own step."""
    xs = range(len(rows))
    axes.step(xs, [r.allowed for r in rows], where="mid", color=look.ink, linestyle="--", lw=1)
    axes.axhline(EPSILON, color=look.faint, linestyle=":", lw=1)
    note = {"fontsize": 8, "ha": "left", "color": look.ink, "va": "bottom"}
    axes.text(-0.8, rows[0].allowed * 1.3, "allowed: rounding alone", **note)
    below = note | {"va": "top", "color": look.faint}
    axes.text(-0.8, EPSILON / 1.5, "one step of float64", **below)


def _points(axes, rows: Sequence[Row], look: Look) -> None:
    """A dot where the two are the same, a cross where not."""
    for same, marker, color in ((True, "o", look.same), (False, "x", look.different)):
        xs = [x for x, row in enumerate(rows) if row.same is same]
        axes.plot(
            xs, [height(rows[x]) for x in xs], marker, color=color, markersize=4, gid="points"
        )


def _parting(axes, result: Comparison, look: Look) -> None:
    """A line where the first layer parts, with its name."""
    row = result.first_difference
    if row is None:
        return
    x = result.rows.index(row)
    axes.vlines(x, EPSILON, CEILING * 2, color=look.different, lw=1.2)
    right = x < len(result.rows) * 0.6
    axes.annotate(
        f"parts in {row.layer}",
        (x, 1e-13),
        xytext=(6 if right else -6, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        color=look.different,
        fontsize=9,
        fontweight="bold",
    )
