"""Nodes of a TensorFlow graph: attributes with their defaults, and inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from resnet_duet.graphs.feature_maps import Constant, FeatureMap, ForeignError

# What the family has in place of operations of other networks.
INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(
        ("LeakyRelu", "Elu", "Selu", "Relu6", "Sigmoid", "Tanh", "Softplus", "Erf", "Erfc"), "ReLU"
    ),
    **dict.fromkeys(("Maximum", "Minimum", "Mul", "Sub", "RealDiv"), "a sum"),
    "Max": "a global average pool",
    "DepthwiseConv2dNative": "a convolution",
}

# Attributes without effect on what is computed: types and hints for a device.
IGNORED = frozenset(
    ("T", "Tidx", "Tidxs", "Tpaddings", "Tshape", "Tperm", "Tmultiples", "U", "Index", "N", "dtype",
     "use_cudnn_on_gpu", "out_type", "grad_a", "grad_b")
)  # fmt: skip
MOST_INTEGERS = 1024  # values of a shape, of padding and the like

T = TypeVar("T", bool, int, float, str, tuple[int, ...])


@dataclass(frozen=True, slots=True)
class Computed:
    """The output of an operation on constants, which is not computed.

    Attributes:
        op: the operation.
        inputs: what it reads.
    """

    op: str
    inputs: tuple["Constant | Computed", ...]


@dataclass(frozen=True, slots=True)
class Scaled:
    """A feature map times a factor: the first half of a norm in several operations.

    Attributes:
        x: the feature map.
        scale: the factor.
    """

    x: FeatureMap
    scale: Constant | Computed


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, which an operation reads.

    Attributes:
        constant: its values.
    """

    constant: Constant


Value = FeatureMap | Constant | Computed | Scaled | Variable


@dataclass(frozen=True)
class Node:
    """A node with the values that it reads.

    Attributes:
        proto: the node, a `NodeDef`.
        inputs: what it reads.
        calls: names of the calls that it is in, each followed by "/".
    """

    proto: Any
    inputs: tuple[Value, ...]
    calls: str

    @property
    def path(self) -> str:
        """The node's name after those of the calls that it is in."""
        return f"{self.calls}{self.proto.name}"

    @property
    def op(self) -> str:
        """The operation."""
        return str(self.proto.op)

    @property
    def name(self) -> str:
        """The path without the words that TensorFlow adds for calls of functions."""
        words = [word for word in self.path.split("/") if "PartitionedCall" not in word]
        return "/".join(words) or self.path

    def attributes(self) -> dict[str, Any]:
        """{name: value}, of those that have an effect."""
        values: dict[str, Any] = {}
        for name, attribute in self.proto.attr.items():
            kind = attribute.WhichOneof("value")
            if name.startswith("_") or name in IGNORED:
                continue
            value: Any = getattr(attribute, kind) if kind else None
            match kind:
                case "s":
                    value = value.decode(errors="replace")
                case "list":
                    value = tuple(value.i)
                case "f":
                    value = float(value)
            values[name] = value
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
        if type(value) is not type(default):
            raise ForeignError(f"{self.op} with {name}={value!r}")
        result: T = value
        return result

    def map(self, index: int) -> FeatureMap:
        """An input that depends on the image. Raises ForeignError: it does not."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if not isinstance(value, FeatureMap):
            raise ForeignError(f"{self.op} of {_described(value)}")
        return value

    def map_with(self, axes: str) -> FeatureMap:
        """The first input. Raises ForeignError: its axes are others."""
        x = self.map(0)
        if x.axes != axes:
            raise ForeignError(f"{self.op} of a tensor with axes {x.axes or 'unknown'}", axes)
        return x

    def constant(self, index: int) -> Constant:
        """An input that is an array. Raises ForeignError: it is not."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if not isinstance(value, Constant):
            raise ForeignError(f"{self.op} with {_described(value)}", "arrays of the file")
        return value

    def integers(self, index: int) -> tuple[int, ...]:
        """The values of an input. Raises ForeignError: they are no constant integers."""
        constant = self.constant(index)
        if not constant.is_integer or constant.size > MOST_INTEGERS:
            raise ForeignError(f"{self.op} with {constant.size} values of {constant.entry.dtype}")
        return tuple(int(n) for n in np.asarray(constant.array()).reshape(-1))

    def text(self) -> str:
        """The operation and its numbers, for people: "LeakyRelu(alpha=0.3)"."""
        words = [
            f"{name}={float(np.format_float_positional(np.float32(value))):g}"
            if isinstance(value, float)
            else f"{name}={value}"
            for name, value in sorted(self.attributes().items())
            if isinstance(value, str | bool | int | float)
        ]
        return f"{self.op}({', '.join(words)})" if words else self.op


def _described(value: Value | None) -> str:
    match value:
        case None:
            return "a missing input"
        case FeatureMap():
            return "computed parameters"
        case Scaled():
            return "a scaled feature map"
        case Variable():
            return "a variable"
    return "constants that are computed"
