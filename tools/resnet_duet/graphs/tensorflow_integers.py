"""Shapes that a TensorFlow graph computes: integers, sizes that the file leaves open included."""

from collections.abc import Callable, Mapping

import numpy as np

from resnet_duet.graphs.feature_maps import Constant, ForeignError, GraphBuilder
from resnet_duet.graphs.tensorflow_nodes import Node
from resnet_duet.weights.arrays import Entry


def in_memory(name: str, array: np.ndarray) -> Constant:
    """An array as a constant."""
    return Constant.of(name, Entry(array.shape, array.dtype, lambda: array))


def slices(node: Node, axes: int) -> tuple[slice | int, ...]:
    """The index of a StridedSlice on a tensor with this number of axes."""
    masks = node.only(
        "begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"
    )
    begin, end, steps = (node.integers(i) for i in (1, 2, 3))
    if node.get(masks, "ellipsis_mask", 0) or node.get(masks, "new_axis_mask", 0):
        raise ForeignError("StridedSlice with an ellipsis or a new axis")
    if not len(begin) == len(end) == len(steps) <= axes:
        raise ForeignError("StridedSlice with limits of different lengths")
    starts, ends, indices = (
        node.get(masks, name, 0) for name in ("begin_mask", "end_mask", "shrink_axis_mask")
    )
    return tuple(
        first
        if indices >> axis & 1
        else slice(None if starts >> axis & 1 else first, None if ends >> axis & 1 else last, step)
        for axis, (first, last, step) in enumerate(zip(begin, end, steps, strict=True))
    )


def _strided_slice(node: Node) -> np.ndarray:
    array = np.asarray(node.constant(0).array())
    return np.asarray(array[slices(node, array.ndim)])


def _pack(node: Node) -> np.ndarray:
    axis = node.get(node.only("axis"), "axis", 0)
    return np.stack([node.constant(i).array() for i in range(len(node.inputs))], axis)


def _concatenate(node: Node) -> np.ndarray:
    *arrays, axis = (node.constant(i).array() for i in range(len(node.inputs)))
    return np.concatenate(arrays, int(axis))


def _gather(node: Node) -> np.ndarray:
    node.only("Tparams", "Tindices", "Taxis", "batch_dims")
    values, indices, axis = (node.constant(i).array() for i in range(3))
    return np.asarray(np.take(values, indices, int(axis)))


def _product(node: Node) -> np.ndarray:
    keep = node.get(node.only("keep_dims"), "keep_dims", False)
    values = node.constant(0).array()
    return np.asarray(np.prod(values, axis=node.integers(1), keepdims=keep))


MOVES: Mapping[str, Callable[[Node], np.ndarray]] = {
    "ConcatV2": _concatenate,
    "GatherV2": _gather,
    "Pack": _pack,
    "StridedSlice": _strided_slice,
}
COMPUTES: Mapping[str, Callable[[Node], np.ndarray]] = {"Prod": _product}


def integers(node: Node, builder: GraphBuilder) -> Constant:
    """The output of an operation on small integers. Raises ForeignError: it is not known."""
    values = [n for i in range(len(node.inputs)) for n in node.integers(i)]
    has_symbols = any(builder.is_symbol(n) for n in values)
    function = MOVES.get(node.op) or (None if has_symbols else COMPUTES.get(node.op))
    if function is None:
        raise ForeignError(f"{node.op} of sizes")
    try:
        return in_memory(node.path, function(node))
    except (ValueError, IndexError, TypeError) as error:
        raise ForeignError(f"{node.op} of sizes that do not fit") from error
