"""Nodes of a TensorFlow graph that do not depend on the image.

Only what is exact is computed: shapes and other integers, and other orders of an array's axes.
"""

import numpy as np

from resnet_duet.graphs.feature_maps import Constant, ForeignError, GraphBuilder
from resnet_duet.graphs.tensorflow_integers import in_memory, integers
from resnet_duet.graphs.tensorflow_nodes import Computed, Node


def read_constant(node: Node) -> Constant:
    """The array of a Const."""
    from tensorflow import make_ndarray

    try:
        array = np.asarray(make_ndarray(node.proto.attr["value"].tensor))
    except (TypeError, ValueError) as error:
        raise ForeignError("Const without numbers") from error
    return in_memory(node.path, array)


def read_constants(
    node: Node, builder: GraphBuilder, values: list[Constant | Computed]
) -> Constant | Computed:
    """An operation on constants: integers are computed, and arrays get other axes.

    Raises:
        ForeignError: it has settings that are not understood.
    """
    first, *others = values
    if all(isinstance(value, Constant) and value.is_integer for value in values):
        return integers(node, builder)
    if isinstance(first, Constant):
        reshaped = _viewed(node, first)
        if reshaped is not None:
            return reshaped
    if node.attributes():
        raise ForeignError(f"{node.text()} of constants")
    return Computed(node.op, (first, *others))


def _viewed(node: Node, value: Constant) -> Constant | None:
    """The same values with other axes, or None."""
    match node.op:
        case "Transpose":
            return value.permuted(node.integers(1))
        case "Reshape":
            shape = node.integers(1)
            free = value.size // max(-int(np.prod(shape)), 1) if -1 in shape else 0
            return value.reshaped(tuple(free if n == -1 else n for n in shape))
        case "ExpandDims":
            (axis,) = node.integers(1)
            at = axis if axis >= 0 else len(value.shape) + 1 + axis
            return value.reshaped((*value.shape[:at], 1, *value.shape[at:]))
        case "Squeeze":
            axes = node.get(node.only("squeeze_dims"), "squeeze_dims", ())
            dropped = {axis % max(len(value.shape), 1) for axis in axes} or set(range(99))
            kept = [n for i, n in enumerate(value.shape) if n != 1 or i not in dropped]
            return value.reshaped(tuple(kept))
    return None
