"""Nodes of an ONNX graph that do not depend on the image.

Only what is exact is computed: shapes and other integers, and other orders of an array's axes.
"""

from math import prod

import numpy as np

from resnet_duet.graphs.feature_maps import Constant, ForeignError, GraphBuilder
from resnet_duet.graphs.onnx_nodes import MOST_INTEGERS, Node, tensor_entry
from resnet_duet.weights.arrays import Entry

# Operators that move integers, and those that compute with them.
MOVES = frozenset(
    ("Cast", "Concat", "Expand", "Gather", "Identity", "Reshape", "Shape", "Slice", "Squeeze",
     "Transpose", "Unsqueeze")
)  # fmt: skip
COMPUTES = frozenset(
    ("Add", "ConstantOfShape", "Div", "Equal", "Mul", "Neg", "Range", "ReduceProd", "Size", "Sub",
     "Where")
)  # fmt: skip


def constant(node: Node) -> Constant:
    """The tensor of a Constant node."""
    from onnx import TensorProto

    name = str(node.proto.output[0])
    attributes = node.only("value", "value_float", "value_floats", "value_int", "value_ints")
    if len(attributes) != 1:
        raise ForeignError(node.text())
    ((kind, value),) = attributes.items()
    if kind == "value" and isinstance(value, TensorProto):
        return Constant.of(name, tensor_entry(value))
    expected = float if "float" in kind else int
    numbers = value if isinstance(value, tuple) else (value,)
    if kind == "value" or not all(isinstance(n, expected) for n in numbers):
        raise ForeignError(f"Constant with {kind}={value!r}")
    return in_memory(name, np.asarray(value, np.float32 if expected is float else np.int64))


def in_memory(name: str, array: np.ndarray) -> Constant:
    """An array as a constant."""
    return Constant.of(name, Entry(array.shape, array.dtype, lambda: array))


def fold(node: Node, builder: GraphBuilder) -> Constant:
    """The output of an operator that reads constants only. Raises ForeignError: it is inexact."""
    values = [value for value in node.inputs if isinstance(value, Constant)]
    if values and all(value.is_integer and value.size <= MOST_INTEGERS for value in values):
        return _integers(node, builder, values)
    viewed = _viewed(node, values[0]) if values else None
    if viewed is None:
        raise ForeignError(f"{node.op} of constants", "arrays that need no computation")
    return viewed


def _viewed(node: Node, value: Constant) -> Constant | None:
    """The same values with other axes, or None."""
    match node.op:
        case "Identity":
            return value
        case "Transpose":
            order = tuple(range(len(value.view)))[::-1]
            return value.permuted(node.get(node.only("perm"), "perm", order))
        case "Reshape" | "Squeeze" | "Unsqueeze" | "Flatten":
            if value.size > LARGEST:
                raise ForeignError(f"{node.op} of {value.size:,} values")
            shape = _evaluated(node, {0: np.empty(value.shape, np.bool_)}).shape
            result = value.reshaped(shape)
            return result if result is not None else _copied(node, value, shape)
        case "Cast":
            from onnx import helper

            number = node.get(node.only("to", "saturate", "round_mode"), "to", 0)
            same = number == helper.np_dtype_to_tensor_dtype(value.entry.dtype)
            return value if same else None
    return None


def _copied(node: Node, value: Constant, shape: tuple[int, ...]) -> Constant:
    """The values under the name of the node's output, in a shape of their number."""
    entry = Entry(shape, value.entry.dtype, lambda: value.array().reshape(shape))
    return Constant.of(str(node.proto.output[0]), entry)


def _integers(node: Node, builder: GraphBuilder, values: list[Constant]) -> Constant:
    """Integers, computed by ONNX' reference implementation."""
    name = str(node.proto.output[0])
    if node.op == "ConstantOfShape":
        return _filled(node, name, values[0])
    has_symbols = any(builder.is_symbol(int(n)) for v in values for n in v.array().reshape(-1))
    if node.op not in MOVES and (node.op not in COMPUTES or has_symbols):
        raise ForeignError(f"{node.op} of sizes that the file leaves open")
    arrays = {i: v.array() for i, v in enumerate(node.inputs) if isinstance(v, Constant)}
    if node.op in ("Expand", "Range"):
        raise ForeignError(f"{node.op} of constants")
    return in_memory(name, _evaluated(node, arrays))


def _filled(node: Node, name: str, shape: Constant) -> Constant:
    from onnx import TensorProto

    attributes = node.only("value")
    sizes = tuple(int(n) for n in shape.array().reshape(-1))
    value = np.zeros(1, np.float32)
    if isinstance(attributes.get("value"), TensorProto):
        value = tensor_entry(attributes["value"]).read()
    if value.size != 1 or any(n < 0 for n in sizes) or prod(sizes) > LARGEST:
        raise ForeignError(f"ConstantOfShape {sizes}")
    filled = value.reshape(())
    entry = Entry(sizes, value.dtype, lambda: np.broadcast_to(filled, sizes))
    return Constant.of(name, entry)


LARGEST = 2**24  # values of an array that a file declares by its shape alone


def _evaluated(node: Node, arrays: dict[int, np.ndarray]) -> np.ndarray:
    """The output of a node for these inputs; the others are small integers."""
    from onnx.reference import ReferenceEvaluator

    names = [str(name) for name in node.proto.input]
    feeds = {}
    for i, value in enumerate(node.inputs):
        if isinstance(value, Constant):
            feeds[names[i]] = arrays[i] if i in arrays else np.asarray(node.integers(i))
    # The library has no specific errors for inputs that do not fit an operator.
    try:
        (result,) = ReferenceEvaluator(node.proto, opsets={"": node.opset}).run(None, feeds)
    except (LookupError, ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise ForeignError(f"{node.op} of constants of these shapes") from error
    return np.asarray(result)
