"""The error of every layer: two traces, matched by name or by stage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resnet_duet.comparison.display import html_table, shape_text
from resnet_duet.comparison.subject import Naming
from resnet_duet.weights.relative_error import relative_error

Trace = dict[str, np.ndarray]
Runs = Sequence[tuple[Trace, Trace]]


@dataclass(frozen=True)
class LayerError:
    """How far two networks differ in the output of one layer.

    Attributes:
        layer: its canonical name.
        shape: of the reference's output on the first image size, (N, H, W, C) or (N, C); of the
            other network's where the reference has no such layer.
        error: the largest `relative_error` over all images; infinite if there is a `reason`.
        tolerance: the largest error that rounding explains.
        reason: why the outputs cannot be subtracted: other shapes, or a layer that only one of
            the networks has. None if they can.
    """

    layer: str
    shape: tuple[int, ...]
    error: float
    tolerance: float
    reason: str | None

    @property
    def match(self) -> bool:
        """Whether the error is within the tolerance. NaN is not."""
        return self.error <= self.tolerance

    @property
    def detail(self) -> str:
        """The error in words: "relative error 4.9e-04", or the reason."""
        return self.reason or f"relative error {self.error:.1e}"

    def __str__(self) -> str:
        return f"{self.layer}: {self.detail} (tolerance {self.tolerance:.2g})"

    def _repr_html_(self) -> str:
        cells = (self.layer, shape_text(self.shape), self.detail, f"{self.tolerance:.2g}")
        title = "Match" if self.match else "MISMATCH"
        return html_table(title, ("layer", "shape", "error", "tolerance"), [cells])


def layer_errors(
    naming: Naming, runs: Runs, baseline: Runs | None, tolerance: float, float32_factor: float
) -> tuple[LayerError, ...]:
    """The errors of all layers that can be compared, in execution order; the output is the last.

    Args:
        naming: of the layers in both traces of a run.
        runs: (trace of the reference, trace of the other network) for each batch of images.
        baseline: (float64, float32) traces of one network on the same images, whose difference
            is rounding; None if both networks ran in float64.
        tolerance: the largest error that float64 rounding explains.
        float32_factor: how many times its baseline a layer's error may be.
    """
    pairs = _pairs(naming, *runs[0])

    def row(a: str, b: str) -> LayerError:
        one, two = (trace.get(name) for trace, name in zip(runs[0], (a, b), strict=True))
        first = one if one is not None else two
        assert first is not None
        error = float(np.max([_error(one.get(a), two.get(b)) for one, two in runs]))
        rounding = [
            _error(wide.get(name), rounded.get(name))
            for name in {a, b}
            for wide, rounded in baseline or ()
        ]
        rounding = [error for error in rounding if np.isfinite(error)]
        allowed = max(tolerance, float32_factor * max(rounding, default=0.0))
        return LayerError(a, first.shape, error, allowed, _reason(one, two))

    rows = tuple(row(a, b) for a, b in pairs.items())
    if naming is Naming.NONE and rows[-1].match:
        return tuple(row for row in rows if row.match)  # the others only have a stage's shape
    return rows


def _pairs(naming: Naming, one: Trace, two: Trace) -> dict[str, str]:
    """{layer of the reference: the layer of the other network to compare it with}."""
    if naming is Naming.FULL:
        return {name: name for name in (*one, *two)}
    by_name = {name: name for name in one if name in two}
    pairs = by_name if naming is Naming.PARTIAL else _stages(one, two)
    output, other_output = next(reversed(one)), next(reversed(two))
    pairs = {a: b for a, b in pairs.items() if a != output and b != other_output}
    return pairs | {output: other_output}


def _stages(one: Trace, two: Trace) -> dict[str, str]:
    """{last output of each shape in one: the nearest output of that shape in two}.

    A stage ends where the shape changes. The other network's layers have unknown names, and it
    may have another number of outputs per block, so the nearest output of a shape is taken.
    """
    ends = {array.shape: name for name, array in one.items() if array.ndim == 4}
    found = {}
    for shape, name in ends.items():
        candidates = [other for other, array in two.items() if array.shape == shape]
        if candidates:
            found[name] = min(candidates, key=lambda n: relative_error(one[name], two[n]))
    return found


def _error(a: np.ndarray | None, b: np.ndarray | None) -> float:
    return float("inf") if a is None or b is None else relative_error(a, b)


def _reason(a: np.ndarray | None, b: np.ndarray | None) -> str | None:
    """Why two outputs cannot be subtracted; None if they can."""
    if a is None:
        return "the reference has no such layer"
    if b is None:
        return "only the reference has this layer"
    if a.shape != b.shape:
        return f"shape {shape_text(a.shape)} vs {shape_text(b.shape)}"
    return None
