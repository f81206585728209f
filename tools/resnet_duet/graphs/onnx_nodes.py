"""Nodes of an ONNX graph: attributes with their defaults, and inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.graphs.feature_maps import Constant, FeatureMap, ForeignError, Value
from resnet_duet.weights.arrays import Entry, named_dtype

if TYPE_CHECKING:
    import onnx

# What the family has in place of operators of other networks.
INSTEAD = {
    **dict.fromkeys(
        ("LeakyRelu", "Elu", "Selu", "Celu", "PRelu", "ThresholdedRelu", "Gelu", "Sigmoid", "Tanh",
         "HardSigmoid", "HardSwish", "Mish", "Softplus", "Softsign", "Swish"),
        "ReLU",
    ),
    **dict.fromkeys(("Max", "Min", "Mul", "Sub", "Div", "Mean"), "Add"),
    **dict.fromkeys(("GlobalMaxPool", "GlobalLpPool", "ReduceMax"), "a global average pool"),
    **dict.fromkeys(
        ("InstanceNormalization", "GroupNormalization", "LayerNormalization"),
        "a batch normalisation",
    ),
    "LpPool": "a max-pool",
    "LogSoftmax": "the logits, or a softmax",
}  # fmt: skip

T = TypeVar("T", int, float, str, tuple[int, ...])


@dataclass(frozen=True)
class Node:
    """A node with the values that it reads.

    Attributes:
        proto: the node.
        inputs: what it reads; None where an optional input is left out.
        opset: version of the operators.
        is_named: whether the node has a name that no other node has.
    """

    proto: "onnx.NodeProto"
    inputs: tuple[Value | None, ...]
    opset: int
    is_named: bool

    @property
    def op(self) -> str:
        """The operator."""
        return str(self.proto.op_type)

    @property
    def name(self) -> str:
        """The node's name if no other node has it, else that of its output."""
        return str(self.proto.name if self.proto.name and self.is_named else self.proto.output[0])

    def attributes(self) -> dict[str, Any]:
        """{name: value}. Raises ForeignError: a value of a kind that no operator here has."""
        from onnx import helper

        values: dict[str, Any] = {}
        for attribute in self.proto.attribute:
            try:
                value = helper.get_attribute_value(attribute)
            except ValueError as error:
                raise ForeignError(f"{self.op} with an invalid {attribute.name}") from error
            if isinstance(value, bytes):
                value = value.decode(errors="replace")
            elif isinstance(value, Sequence) and not isinstance(value, str):
                value = tuple(value)
            if attribute.name in values:
                raise FileError(f"{self.name} has two attributes {attribute.name}")
            values[attribute.name] = value
        return values

    def only(self, *names: str) -> dict[str, Any]:
        """The attributes. Raises ForeignError: there are others than these."""
        attributes = self.attributes()
        if set(attributes) - set(names):
            raise ForeignError(self.text(), INSTEAD.get(self.op, ""))
        return attributes

    def get(self, attributes: Mapping[str, Any], name: str, default: T) -> T:
        """An attribute of the type of its default. Raises ForeignError: it has another type."""
        value = attributes.get(name, default)
        is_list = isinstance(value, tuple) and all(isinstance(n, int) for n in value)
        if type(value) is not type(default) or (isinstance(default, tuple) and not is_list):
            raise ForeignError(f"{self.op} with {name}={value!r}")
        result: T = value
        return result

    def map(self, index: int) -> FeatureMap:
        """An input that depends on the image. Raises ForeignError: it does not."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if not isinstance(value, FeatureMap):
            raise ForeignError(f"{self.op} of a constant")
        return value

    def map_with(self, axes: str) -> FeatureMap:
        """The first input. Raises ForeignError: its axes are others."""
        x = self.map(0)
        if x.axes != axes:
            raise ForeignError(f"{self.op} of a tensor with axes {x.axes or 'unknown'}", axes)
        return x

    def constant(self, index: int) -> Constant | None:
        """An input that does not depend on the image; None if it is left out.

        Raises:
            ForeignError: it depends on the image.
        """
        value = self.inputs[index] if index < len(self.inputs) else None
        if isinstance(value, FeatureMap):
            raise ForeignError(f"{self.op} with computed parameters", "constants")
        return value

    def required(self, index: int) -> Constant:
        """A constant that is not left out. Raises ForeignError: it is."""
        constant = self.constant(index)
        if constant is None:
            raise ForeignError(f"{self.op} without its input {index}")
        return constant

    def integers(self, index: int) -> tuple[int, ...] | None:
        """The values of a constant input; None if it is left out."""
        constant = self.constant(index)
        if constant is None:
            return None
        if not constant.is_integer or constant.size > MOST_INTEGERS:
            raise ForeignError(f"{self.op} with {constant.size} values of {constant.entry.dtype}")
        return tuple(int(n) for n in constant.array().reshape(-1))

    def text(self) -> str:
        """The operator and its attributes, for people: "LeakyRelu(alpha=0.3)"."""
        from onnx import helper

        words = []
        for attribute in self.proto.attribute:
            try:
                value = helper.get_attribute_value(attribute)
            except ValueError:
                continue
            if isinstance(value, float):
                words.append(f"{attribute.name}={decimal(value):g}")
            elif isinstance(value, int):
                words.append(f"{attribute.name}={value}")
            elif isinstance(value, bytes):
                words.append(f"{attribute.name}={value.decode(errors='replace')}")
        domain = f"{self.proto.domain}." if self.proto.domain else ""
        return f"{domain}{self.op}({', '.join(words)})" if words else f"{domain}{self.op}"


MOST_INTEGERS = 1024  # values of a shape, of padding and the like


def decimal(value: float) -> float:
    """The decimal number that a float32 attribute stands for: 1e-3 for 0.0010000000474974513."""
    return float(str(np.float32(value)))


def tensor_entry(tensor: "onnx.TensorProto") -> Entry:
    """A tensor of the file, which is read when it is used.

    Raises:
        FileError: it is stored in another file, or its type or size are not valid.
    """
    from onnx import TensorProto, helper, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        raise FileError(
            f"{tensor.name} is stored in another file; onnx.save(onnx.load(a), b) brings it in"
        )
    # KeyError, TypeError, ValueError: a type number that ONNX does not define, or wrong sizes.
    try:
        dtype = named_dtype(np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).name)
    except (KeyError, TypeError, ValueError) as error:
        raise _invalid(tensor, error) from error

    def array() -> np.ndarray:
        try:
            return np.asarray(numpy_helper.to_array(tensor))
        except (KeyError, TypeError, ValueError) as error:
            raise _invalid(tensor, error) from error

    return Entry(tuple(tensor.dims), dtype, array)


def _invalid(tensor: "onnx.TensorProto", error: Exception) -> FileError:
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    return FileError(f"not an ONNX file, or corrupted: {line}")
