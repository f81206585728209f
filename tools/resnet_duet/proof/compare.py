"""Are two networks the same function? Layer by layer, in float64, on inputs that hide nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import resnet_spec
from resnet_duet.proof.adapters import network
from resnet_duet.proof.network import Names, Network, is_rounded
from resnet_duet.proof.probes import probes
from resnet_duet.proof.rows import Row, Trace, rows_of
from resnet_spec import Plan, ResNetError

# Float64 noise is 1e-15 to 3e-14 up to 200 layers and 1.1e-11 in preresnet1001; the smallest
# mistake known to us, an eps of 1.001e-5 for 1e-5, costs 5e-8 and more. Between the two lies this.
SAME = 1e-10

# A network that cannot run in float64 is allowed so many times the distance between the other one's
# own float32 and float64 outputs: two roundings of one function differ by 1 to 2 of them (measured
# over the zoo's families), a wrong eps of 1e-3 by 1,000.
ROUNDINGS = 4


@dataclass(frozen=True)
class Comparison:
    """Two networks, layer by layer; `str()` of it is a table of one row a stage.

    Attributes:
        titles: what the two are called.
        rows: every layer, block and stage that both let us see, in running order.
        parts: {part of the network: its rows}, stem and head included.
        precision: "float64", or "float32" where one side cannot do better.
        sizes: of the images, (height, width).
        seeds: of the images.
    """

    titles: tuple[str, str]
    rows: tuple[Row, ...]
    parts: Mapping[str, tuple[Row, ...]]
    precision: str
    sizes: tuple[tuple[int, int], ...]
    seeds: tuple[int, ...]

    @property
    def same(self) -> bool:
        """Whether every layer's error is within what is allowed."""
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


def compare(a: Any, b: Any, seeds: Sequence[int] = (0,)) -> Comparison:
    """Run two networks on the same random images, layer by layer, in float64 where they can.

    Where the two have names for their layers that we know, each of these is compared; else the
    stages, found by their shapes; and the output always. A network that gives float32 numbers only
    is allowed `ROUNDINGS` times the rounding error of the other one.

    Args:
        a, b: two of: a network of ours, a torch module, a Keras model, a `Function`, the path of a
            checkpoint, of an .onnx file or `code.py:name`; a is the reference.
        seeds: of the images; two images of each size for each of them.

    Raises:
        ResNetError: the two do not read the same images or do not give as many numbers; one of
            them fails; or neither of them computes in float64.
    """
    one, two = network(a), network(b)
    images = [x for seed in seeds for x in probes(one, two, seed)]
    runs = [(one.run(x), two.run(x)) for x in images]
    refuse_other_shapes(one, two, runs[0])
    noise = _noise(one, two, images, runs)
    names = Names.OWN if Names.OWN in (one.names, two.names) else Names.SOME
    names = Names.CANONICAL if one.names is two.names is Names.CANONICAL else names
    rows = rows_of(names, runs, noise, SAME, ROUNDINGS)
    known = one.known or two.known
    parts = _parts(resnet_spec.plan(known.spec), rows) if known else {}
    parts = parts or {"network": rows}
    sizes = tuple(dict.fromkeys((x.shape[1], x.shape[2]) for x in images))
    precision = "float64" if noise is None else "float32"
    return Comparison((one.title, two.title), rows, parts, precision, sizes, tuple(seeds))


def refuse_other_shapes(one: Network, two: Network, run: tuple[Trace, Trace]) -> None:
    """Raise ResNetError unless both outputs have one shape."""
    shapes = ["x".join(map(str, output(trace).shape)) for trace in run]
    if shapes[0] != shapes[1]:
        raise ResNetError(
            f"{one.title} gives {shapes[0]} numbers and {two.title} {shapes[1]}: they cannot be"
            " compared"
        )


def output(trace: Trace) -> np.ndarray:
    """What the network itself gives: the last of its outputs."""
    return trace[next(reversed(trace))]


def _noise(
    one: Network, two: Network, images: list[np.ndarray], runs: list[tuple[Trace, Trace]]
) -> list[tuple[Trace, Trace]] | None:
    """(float64, float32) traces of the side that has both, where the other has float32 only."""
    coarse = [all(is_rounded(output(run[side])) for run in runs) for side in (0, 1)]
    if not any(coarse):
        return None
    fine = coarse.index(False) if not all(coarse) else -1
    judge = (one, two)[fine]
    if fine < 0 or judge.rounded is None:
        raise ResNetError(
            f"{one.title} and {two.title}: one of them computes in float32 only, and the other does"
            " not run in both precisions, so that nothing tells rounding from a mistake; give a"
            " checkpoint or a network of layers as one of them"
        )
    return [(run[fine], judge.run_rounded(x)) for x, run in zip(images, runs, strict=True)]


def _parts(plan: Plan, rows: tuple[Row, ...]) -> dict[str, tuple[Row, ...]]:
    """Rows by stem, stage and head; a layer that only the second network has is in no part."""
    members = {"stem": [layer.name for layer in plan.stem]}
    for stage in plan.stages:
        blocks = [(*(layer.name for layer in b.layers()), b.name) for b in stage.blocks]
        members[stage.name] = [*(name for block in blocks for name in block), stage.name]
    members["head"] = [*(layer.name for layer in plan.head), "output"]
    own = {row.layer: row for row in rows}
    found = {part: tuple(own[n] for n in names if n in own) for part, names in members.items()}
    return {part: rows for part, rows in found.items() if rows}
