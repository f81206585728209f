"""Two traces, name by name or stage by stage: how far they are apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resnet_duet.proof.network import Names

Trace = dict[str, np.ndarray]
Runs = Sequence[tuple[Trace, Trace]]


@dataclass(frozen=True)
class Row:
    """One layer's verdict.

    Attributes:
        layer: its canonical name.
        shape: of its output on the first image size, (N, H, W, C) or (N, C).
        error: max|a - b| / max|a|, the worst over all inputs; infinite where only one has it.
        allowed: the largest error of rounding alone.
    """

    layer: str
    shape: tuple[int, ...]
    error: float
    allowed: float

    @property
    def same(self) -> bool:
        return self.error <= self.allowed  # False for NaN


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """max|a - b| / max|a|, NaN if either holds one; infinite for shapes that differ."""
    if a.shape != b.shape:
        return float("inf")
    scale = np.max(np.abs(a))
    worst = np.max(np.abs(a - b))
    return float(worst / scale) if scale > 0 else float(worst)


def rows_of(
    names: Names, runs: Runs, noise: Runs | None, same: float, roundings: int
) -> tuple[Row, ...]:
    """One row for each layer that can be compared, in running order; the output is the last.

    Args:
        names: of the layers in both traces of a run.
        runs: (trace of a, trace of b) for each of the inputs.
        noise: (float64, float32) traces of one network; None where both ran in float64.
        same: what float64 is allowed.
        roundings: how many times its noise a layer in float32 is allowed.
    """
    match names:
        case Names.CANONICAL:
            pairs = {n: n for n in (*runs[0][0], *runs[0][1])}
        case Names.SOME:
            pairs = {n: n for n in runs[0][0] if n in runs[0][1]}
        case Names.OWN:
            pairs = _stages(*runs[0])
    ends = [next(reversed(trace)) for trace in runs[0]]
    if names is not Names.CANONICAL:
        pairs = {a: b for a, b in pairs.items() if ends[0] != a and ends[1] != b}
        pairs[ends[0]] = ends[1]

    def row(a: str, b: str) -> Row:
        first = runs[0][0].get(a, runs[0][1].get(b))
        assert first is not None
        error = float(np.max([_error(one.get(a), two.get(b)) for one, two in runs]))
        floors = [
            _error(fine.get(n), coarse.get(n)) for n in {a, b} for fine, coarse in noise or ()
        ]
        floor = max((f for f in floors if np.isfinite(f)), default=0.0)
        return Row(a, first.shape, error, max(same, roundings * floor))

    rows = tuple(row(a, b) for a, b in pairs.items())
    if names is Names.OWN and rows[-1].same:
        return tuple(row for row in rows if row.same)  # stages that only look alike
    return rows


def _error(a: np.ndarray | None, b: np.ndarray | None) -> float:
    return float("inf") if a is None or b is None else relative_error(a, b)


def _stages(one: Trace, two: Trace) -> dict[str, str]:
    """{last output of its shape in one: the nearest output of that shape in two}.

    A stage ends where the shape changes. What the other network calls it is not known, and it may
    add a ReLU in a place that nothing sees, so the nearest is taken for the same.
    """
    lasts = {array.shape: name for name, array in one.items() if array.ndim == 4}
    found = {}
    for shape, name in lasts.items():
        alike = [n for n, array in two.items() if array.shape == shape]
        if alike:
            found[name] = min(alike, key=lambda n: relative_error(one[name], two[n]))
    return found
