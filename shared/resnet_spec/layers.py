"""The vocabulary of a plan: what a network is made of, with every number and name resolved."""

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_spec.choices import Padding, StemPool
from resnet_spec.spec import ResNetSpec


@dataclass(frozen=True, slots=True)
class Conv:
    """A convolution, kernel x kernel, of the same stride and dilation in both directions."""

    name: str
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
        """Zeros on every side under symmetric padding; the kernel is odd."""
        return self.dilation * (self.kernel - 1) // 2


@dataclass(frozen=True, slots=True)
class Norm:
    """A batch normalisation: scale and offset, running mean and variance, one per channel."""

    name: str
    channels: int
    eps: float
    decay: float


@dataclass(frozen=True, slots=True)
class Relu:
    """max(x, 0).

    Attributes:
        shared_input: somebody else reads x, so it must not be overwritten: the shortcut beside a
            pre-activation, or whoever holds the last stage's feature map.
    """

    name: str
    shared_input: bool


@dataclass(frozen=True, slots=True)
class MaxPool:
    """A kernel x kernel maximum; a kernel of 1 has no border and drops pixels."""

    name: str
    kernel: int
    stride: int
    border: StemPool

    @property
    def pad(self) -> int:
        """Rows and columns on every side, unless the border is SAME."""
        return (self.kernel - 1) // 2


@dataclass(frozen=True, slots=True)
class AvgPool:
    """The 2x2 mean of a ResNet-D shortcut.

    Attributes:
        zeros_count: whether a row and a column of zeros stand below and to the right and are
            averaged too; else a window that hangs over the edge averages the pixels it has.
    """

    name: str
    stride: int
    zeros_count: bool


@dataclass(frozen=True, slots=True)
class ZeroPadChannels:
    """Option A: zero channels before and after those of x."""

    name: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class GlobalAvgPool:
    """The mean over the whole image: (N, C)."""

    name: str


@dataclass(frozen=True, slots=True)
class Dense:
    """x W + b."""

    name: str
    in_features: int
    out_features: int


Layer = Conv | Norm | Relu | MaxPool | AvgPool | ZeroPadChannels | GlobalAvgPool | Dense
Layers = tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """h = pre(x);  y = branch(h) + shortcut(h or x);  out = tail(y).

    Attributes:
        shortcut: () is the identity, None is a plain network's absence of any.
        shortcut_reads_pre: the shortcut reads h, not x.
    """

    name: str
    pre: Layers
    branch: Layers
    shortcut: Layers | None
    shortcut_reads_pre: bool
    tail: Layers

    def layers(self) -> Iterator[Layer]:
        yield from (*self.pre, *self.branch, *(self.shortcut or ()), *self.tail)

    @property
    def addition(self) -> str:
        """Name of the sum, where a framework wants one."""
        return f"{self.name}.add"

    @property
    def output(self) -> str:
        """Name of the layer, or of the sum, whose output is the block's."""
        if self.tail:
            return self.tail[-1].name
        return self.branch[-1].name if self.shortcut is None else self.addition


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one width; the feature maps of a stage have one size."""

    name: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A whole network: every layer in the order in which it runs.

    `plan` gives the same object for the same spec, so a plan is compared by identity.
    """

    spec: ResNetSpec
    stem: Layers
    stages: tuple[Stage, ...]
    head: Layers

    def blocks(self) -> Iterator[Block]:
        for stage in self.stages:
            yield from stage.blocks

    def layers(self) -> Iterator[Layer]:
        """Every layer; a block's shortcut stands between its branch and its tail."""
        yield from self.stem
        for block in self.blocks():
            yield from block.layers()
        yield from self.head

    def outputs(self) -> dict[str, str]:
        """{name of a block or stage: name of the layer or sum whose output it is}."""
        blocks = {block.name: block.output for block in self.blocks()}
        return blocks | {stage.name: stage.blocks[-1].output for stage in self.stages}

    def __str__(self) -> str:
        from resnet_spec.show import table  # it is made of plans, so it comes after them

        return table(self)
