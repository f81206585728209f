"""Are two networks the same function? Layer by layer, in float64, on inputs that hide nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import resnet_spec
from resnet_duet.models import spec_of
from resnet_duet.proof.networks import tracer
from resnet_spec import Plan
from resnet_spec.measure import usual_size

# Float64 noise is 1e-15 to 3e-14 up to 200 layers and 1.1e-11 in preresnet1001; the smallest
# mistake known to us, an eps of 1.001e-5 for 1e-5, costs 5e-8 and more. Between the two lies this.
SAME = 1e-10

# Height and width differ, so that a swap shows; one size is even and one is odd, because at odd
# sizes TensorFlow's `same` padding and PyTorch's are the same function.
SIZES = {(224, 224): ((96, 128), (97, 129)), (32, 32): ((32, 40), (33, 41))}


@dataclass(frozen=True)
class Row:
    """One layer's verdict.

    Attributes:
        layer: its canonical name.
        shape: of its output on the first image size, (N, H, W, C) or (N, C).
        error: max|a - b| / max|a|, the worst over all inputs; infinite where only one has it.
    """

    layer: str
    shape: tuple[int, ...]
    error: float

    @property
    def same(self) -> bool:
        return self.error <= SAME  # False for NaN


@dataclass(frozen=True)
class Comparison:
    """Two networks, layer by layer; `str()` of it is a table of one row a stage.

    Attributes:
        rows: every layer, block and stage in running order.
        parts: {part of the network: its rows}, stem and head included.
    """

    rows: tuple[Row, ...]
    parts: Mapping[str, tuple[Row, ...]]

    @property
    def same(self) -> bool:
        """Whether every layer's error is below `SAME`."""
        return all(row.same for row in self.rows)

    @property
    def first_difference(self) -> Row | None:
        """The first layer in running order that is not the same."""
        return next((row for row in self.rows if not row.same), None)

    def stages(self) -> Iterator[tuple[str, Row, Row]]:
        """(part, its last row, its worst row) for stem, stages and head."""
        for part, rows in self.parts.items():
            yield part, rows[-1], max(rows, key=lambda row: (np.isnan(row.error), row.error))

    def __str__(self) -> str:
        lines = [
            f"{part:8}{last.layer:12}{last.shape!s:22}{worst.error:8.1e}  "
            + ("same" if worst.same else f"DIFFERENT, worst in {worst.layer}")
            for part, last, worst in self.stages()
        ]
        first = self.first_difference
        verdict = "the same function" if first is None else f"not the same from {first.layer} on"
        return "\n".join([*lines, verdict])


def compare(a: Any, b: Any, seed: int = 0) -> Comparison:
    """Run float64 copies of two networks on the same random images, layer by layer.

    Args:
        a, b: networks of either framework, from `build` or `load`; a is the reference.
        seed: of the images.

    Raises:
        ResNetError: the two do not read the same number of channels.
    """
    plan_a, plan_b = resnet_spec.plan(spec_of(a)), resnet_spec.plan(spec_of(b))
    channels = {plan.spec.in_channels for plan in (plan_a, plan_b)}
    if len(channels) > 1:
        raise resnet_spec.ResNetError(
            f"the first network reads images of {plan_a.spec.in_channels} channels, the second of"
            f" {plan_b.spec.in_channels}"
        )
    trace_a, trace_b = tracer(a), tracer(b)
    runs = [(trace_a(images), trace_b(images)) for images in probes(plan_a, seed)]
    names = list(dict.fromkeys([*runs[0][0], *runs[0][1]]))
    rows = {name: _row(name, runs) for name in names}
    return Comparison(tuple(rows.values()), _parts(plan_a, rows))


def probes(plan: Plan, seed: int) -> Iterator[np.ndarray]:
    """Standard normal images, two each of an even and of an odd size: (2, H, W, C) float64."""
    rng = np.random.default_rng(seed)
    for size in SIZES[usual_size(plan)]:
        yield rng.standard_normal((2, *size, plan.spec.in_channels))


def relative_error(a: np.ndarray, b: np.ndarray) -> float:
    """max|a - b| / max|a|, NaN if either holds one; infinite for shapes that differ."""
    if a.shape != b.shape:
        return float("inf")
    scale = np.max(np.abs(a))
    worst = np.max(np.abs(a - b))
    return float(worst / scale) if scale > 0 else float(worst)


def _row(name: str, runs: list[tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]) -> Row:
    first = runs[0][0].get(name, runs[0][1].get(name))
    assert first is not None
    if any(name not in side for run in runs for side in run):
        return Row(name, first.shape, float("inf"))
    return Row(
        name, first.shape, float(np.max([relative_error(a[name], b[name]) for a, b in runs]))
    )


def _parts(plan: Plan, rows: Mapping[str, Row]) -> dict[str, tuple[Row, ...]]:
    """Rows by stem, stage and head; a layer that only the second network has is in no part."""
    members = {"stem": [layer.name for layer in plan.stem]}
    for stage in plan.stages:
        blocks = [(*(layer.name for layer in b.layers()), b.name) for b in stage.blocks]
        members[stage.name] = [*(name for block in blocks for name in block), stage.name]
    members["head"] = [layer.name for layer in plan.head]
    return {part: tuple(rows[n] for n in names) for part, names in members.items() if names}
