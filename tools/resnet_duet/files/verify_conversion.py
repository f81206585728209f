"""Verifies a conversion: builds the source and the target, and compares them in float64."""

from dataclasses import dataclass
from pathlib import Path

from resnet_duet.comparison.adapters.onnx import of_graph
from resnet_duet.comparison.compare import compare
from resnet_duet.comparison.subject import Subject
from resnet_duet.errors import MismatchError
from resnet_duet.formats.onnx import library
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.frameworks.framework import Axes
from resnet_duet.models import assemble
from resnet_duet.weights.arrays import Arrays
from resnet_spec import ResNetSpec, plan
from resnet_spec.layers import Conv


@dataclass(frozen=True)
class Side:
    """The arrays before or after a conversion, and what they are."""

    arrays: Arrays
    spec: ResNetSpec
    dialect: str


def verify_conversion(source: Path, before: Side, after: Side, input_layout: Axes | None) -> None:
    """Build a network of the arrays before and after a conversion, and compare all layers.

    Folding biases moves them from convolutions into the norms that follow, so the outputs of
    convolutions are not compared then; those of the norms are.

    Args:
        source: the file, for the error message.
        before: the source, which is built in PyTorch.
        after: the target, which is built in Keras, or as a graph if it has an input layout.
        input_layout: axes of the image that the graph takes; None if the target holds no graph.

    Raises:
        MismatchError: the outputs of a layer differ.
        FrameworkError: a framework is not installed.
    """
    reference = assemble(before.arrays, before.spec, before.dialect, TORCH.name, "float64")
    converted = (
        assemble(after.arrays, after.spec, after.dialect, KERAS.name, "float64")
        if input_layout is None
        else graph(after, input_layout)
    )
    rows = compare(reference, converted).layers
    folded = before.spec.bias is not after.spec.bias
    moved = {x.name for x in plan(after.spec).layers() if isinstance(x, Conv)} if folded else set()
    first = next((row for row in rows if not row.match and row.layer not in moved), None)
    if first:
        raise MismatchError(
            f"{source}: the converted network differs: first divergence at {first.layer} (relative"
            f" error {first.error:.1e}); nothing was written"
        )


def graph(side: Side, input_layout: Axes) -> Subject:
    """The graph that will be written. Raises FrameworkError: onnx is not installed."""
    library()
    from resnet_duet.onnx import build

    return of_graph(
        "the graph", build(side.spec, side.arrays, input_layout), side.arrays, side.spec
    )
