"""The layer kinds of a plan. Everything that follows from a kind alone is described here, once.

A kind knows its arrays, its output shape, its multiply-adds and its text in tables. Each builder
adds one `match` over the kinds. Shapes have no batch axis: (C, H, W), or (C,) after the global
pool.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import ClassVar

from resnet_spec.choices import Padding, PoolPadding

Shape = tuple[int, ...]


class Role(StrEnum):
    """The role of an array in its layer. Comments give the frameworks' words where they differ."""

    KERNEL = "kernel"
    BIAS = "bias"
    SCALE = "scale"  # Keras: gamma; PyTorch: weight
    OFFSET = "offset"  # Keras: beta; PyTorch: bias
    MEAN = "mean"  # Keras: moving_mean; PyTorch: running_mean
    VAR = "var"  # Keras: moving_variance; PyTorch: running_var

    @property
    def is_statistic(self) -> bool:
        """Whether training measures the array instead of learning it: a buffer in PyTorch."""
        return self in (Role.MEAN, Role.VAR)


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One array of a network.

    Attributes:
        layer: the layer that owns the array. In a kind that is made of several layers, it is the
            inner one: the name of the array starts with its name.
        role: the role of the array in that layer.
        axes: one letter for each axis: O output, I input, H height, W width, C channel.
        shape: in the order of `axes`. A grouped kernel has I = in_channels / groups.
    """

    layer: "Layer"
    role: Role
    axes: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class LayerKind:
    """Base of the layer kinds. Its methods describe a layer without weights that keeps the shape.

    Attributes:
        listed: whether a table of stages lists the layer. As in the literature, norms and ReLUs
            are listed in the head only.
        name: torchvision's module path, as "layer1.0.conv1".
    """

    listed: ClassVar[bool] = True
    name: str

    def arrays(self) -> "Iterator[ArraySpec]":
        """The arrays of this layer.

        A kind that is made of several layers returns the arrays of those layers, whose names start
        with its own: `yield from Conv(f"{self.name}.fc1", ...).arrays()`.
        """
        yield from ()

    def output_shape(self, shape: Shape) -> Shape:
        """Output shape for an input of this shape: (C, H, W), or (C,)."""
        return shape

    def macs(self, output: Shape) -> int:
        """Multiply-adds for an output of this shape, as the literature counts them."""
        return 0

    def brief(self) -> str:
        """A few words for a table of stages."""
        return type(self).__name__.lower()

    def describe(self) -> str:
        """One line for a table of layers, with every setting that differs from the common one."""
        return self.brief()


@dataclass(frozen=True, slots=True)
class Conv(LayerKind):
    """A convolution with a square kernel and the same stride and dilation in both directions."""

    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    dilation: int
    groups: int
    padding: Padding
    bias: bool

    @property
    def pad(self) -> int:
        """Zeros on every side under symmetric padding. The kernel size is odd."""
        return self.dilation * (self.kernel - 1) // 2

    def arrays(self) -> Iterator[ArraySpec]:
        inputs = self.in_channels // self.groups
        shape = (self.out_channels, inputs, self.kernel, self.kernel)
        yield ArraySpec(self, Role.KERNEL, "OIHW", shape)
        if self.bias:
            yield ArraySpec(self, Role.BIAS, "O", (self.out_channels,))

    def output_shape(self, shape: Shape) -> Shape:
        _, *size = shape
        return (self.out_channels, *map(self._output_size, size))

    def _output_size(self, n: int) -> int:
        match self.padding:
            case Padding.SAME:
                return ceil_divide(n, self.stride)
            case Padding.SYMMETRIC:
                reach = self.dilation * (self.kernel - 1) + 1
                return (n + 2 * self.pad - reach) // self.stride + 1

    def macs(self, output: Shape) -> int:
        return self.in_channels // self.groups * self.kernel**2 * prod(output)

    def brief(self) -> str:
        return f"{self.kernel}x{self.kernel}, {self.out_channels}"

    def describe(self) -> str:
        settings = {"stride": self.stride, "dilation": self.dilation, "groups": self.groups}
        words = [self.brief(), *(f"{name} {n}" for name, n in settings.items() if n != 1)]
        words += ["bias"] * self.bias
        return ", ".join(words) + f" ({self.padding})" * (self.kernel > 1)


@dataclass(frozen=True, slots=True)
class Norm(LayerKind):
    """A batch normalisation with scale, offset, running mean and running variance.

    Attributes:
        channels: values of each array.
        eps: added to the variance.
        decay: share of the old running statistics that an update keeps (Keras: `momentum`).
    """

    listed: ClassVar[bool] = False
    channels: int
    eps: float
    decay: float

    @property
    def torch_momentum(self) -> float:
        """Share of the batch's statistics in an update: 1 - decay, as PyTorch's `momentum`.

        The difference is that of the decimals: 0.1 for 0.9, where floats give 0.09999999999999998.
        """
        from decimal import Decimal  # only builders ask for it

        return float(1 - Decimal(str(self.decay)))

    def arrays(self) -> Iterator[ArraySpec]:
        for role in (Role.SCALE, Role.OFFSET, Role.MEAN, Role.VAR):
            yield ArraySpec(self, role, "C", (self.channels,))

    def describe(self) -> str:
        return f"batch norm, eps {self.eps:g}, decay {self.decay:g}"


@dataclass(frozen=True, slots=True)
class Relu(LayerKind):
    """max(x, 0).

    Attributes:
        inplace_ok: whether x may be overwritten, since no other layer reads it. It is False at the
            start of a block whose shortcut also reads x, and after the last stage, whose feature
            map is one of the network's outputs.
    """

    listed: ClassVar[bool] = False
    inplace_ok: bool


@dataclass(frozen=True, slots=True)
class MaxPool(LayerKind):
    """A max-pool with a square kernel. A kernel of 1 needs no padding: it only drops pixels."""

    kernel: int
    stride: int
    padding: PoolPadding

    @property
    def pad(self) -> int:
        """Rows and columns on every side under MINUS_INFINITY and ZERO."""
        return (self.kernel - 1) // 2

    def output_shape(self, shape: Shape) -> Shape:
        channels, *size = shape
        if self.padding is PoolPadding.SAME:
            return (channels, *(ceil_divide(n, self.stride) for n in size))
        return (channels, *((n + 2 * self.pad - self.kernel) // self.stride + 1 for n in size))

    def brief(self) -> str:
        return f"{self.kernel}x{self.kernel} max pool"

    def describe(self) -> str:
        if self.kernel == 1:
            return f"every {self.stride}nd pixel"
        return f"{self.brief()}, stride {self.stride} ({self.padding})"


@dataclass(frozen=True, slots=True)
class AvgPool(LayerKind):
    """The 2x2 average pool of a ResNet-D shortcut.

    Attributes:
        stride: 1 or 2.
        count_include_pad: True: a row of zeros below and a column of zeros on the right are
            averaged with the pixels. False: a window over the edge averages the pixels it covers.
    """

    stride: int
    count_include_pad: bool

    def output_shape(self, shape: Shape) -> Shape:
        channels, *size = shape
        return (channels, *(ceil_divide(n, self.stride) for n in size))

    def brief(self) -> str:
        return f"2x2 average pool, stride {self.stride}"


@dataclass(frozen=True, slots=True)
class ZeroPadChannels(LayerKind):
    """Option A of *Deep Residual Learning*: zero channels before and after those of x."""

    before: int
    after: int

    def output_shape(self, shape: Shape) -> Shape:
        channels, *size = shape
        return (self.before + channels + self.after, *size)

    def brief(self) -> str:
        return f"{self.before} + {self.after} zero channels"


@dataclass(frozen=True, slots=True)
class GlobalAvgPool(LayerKind):
    """The mean over height and width: (N, C, H, W) -> (N, C)."""

    def output_shape(self, shape: Shape) -> Shape:
        return shape[:1]

    def brief(self) -> str:
        return "average pool"


@dataclass(frozen=True, slots=True)
class Dense(LayerKind):
    """A fully connected layer with a bias: (N, in_features) -> (N, out_features)."""

    in_features: int
    out_features: int

    def arrays(self) -> Iterator[ArraySpec]:
        yield ArraySpec(self, Role.KERNEL, "OI", (self.out_features, self.in_features))
        yield ArraySpec(self, Role.BIAS, "O", (self.out_features,))

    def output_shape(self, shape: Shape) -> Shape:
        return (self.out_features,)

    def macs(self, output: Shape) -> int:
        return self.in_features * self.out_features

    def brief(self) -> str:
        return f"fc {self.out_features}"


# A closed union, so that the type checker reports a builder that lacks a case.
Layer = Conv | Norm | Relu | MaxPool | AvgPool | ZeroPadChannels | GlobalAvgPool | Dense
Layers = tuple[Layer, ...]


def ceil_divide(n: int, divisor: int) -> int:
    """n / divisor, rounded up."""
    return -(-n // divisor)
