"""A graph as a file describes it: operations with attributes, edges and array references.

A reader translates its source one to one and decides nothing: an operation or an attribute that
these classes cannot express is `Foreign`. All sizes are (height, width).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from resnet_duet.weights.arrays import Shape
from resnet_spec.layers import Role

IMAGE = "image"  # the name of the image among an operation's inputs, as in `Node.inputs`

Pair = tuple[int, int]  # (height, width)


@dataclass(frozen=True, slots=True)
class Weight:
    """A reference to an array of the file.

    Attributes:
        name: of the array, as in `Checkpoint.arrays`.
        axes: one letter for each axis in the file's order, as in a dialect: a permutation of
            "OIHW" for the kernel of a convolution, of "OI" for that of a dense layer, "O" for a
            bias, "C" in a norm. A 1 is an axis of size 1 that the canonical array does not have.
        shape: in the file's order.
    """

    name: str
    axes: str
    shape: Shape

    def size(self, axis: str) -> int:
        """The size of the axis with this letter."""
        return self.shape[self.axes.index(axis)]


@dataclass(frozen=True, slots=True)
class Filled:
    """An array that the file does not have since all its values are the same.

    Attributes:
        value: 1 for a norm without scale, 0 for one without offset or a dense layer without bias.
        axes: letters of the axes.
        shape: of the array.
    """

    value: float
    axes: str
    shape: Shape

    def size(self, axis: str) -> int:
        """The size of the axis with this letter."""
        return self.shape[self.axes.index(axis)]


AnyWeight = Weight | Filled


class Pads(NamedTuple):
    """Rows and columns that are added on each edge of a feature map."""

    top: int
    bottom: int
    left: int
    right: int


NO_PADS = Pads(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Same:
    """TensorFlow's `same`: output ceil(n / stride), an odd row or column at the bottom or right."""


AnyPads = Pads | Same


@dataclass(frozen=True, slots=True)
class Convolution:
    """A 2-D convolution that pads with zeros."""

    kernel: Weight
    bias: Weight | None
    strides: Pair
    dilations: Pair
    groups: int
    pads: AnyPads


@dataclass(frozen=True, slots=True)
class BatchNorm:
    """A batch normalisation with its running statistics.

    Attributes:
        weights: SCALE, OFFSET, MEAN and VAR.
        eps: added to the variance.
        decay: share of the old running statistics that an update keeps; None if unknown.
    """

    weights: Mapping[Role, AnyWeight]
    eps: float
    decay: float | None


@dataclass(frozen=True, slots=True)
class Rectifier:
    """max(x, 0), and nothing else: a ReLU with a limit or a slope is `Foreign`."""


@dataclass(frozen=True, slots=True)
class MaxPooling:
    """A max-pool whose padding is never the maximum."""

    kernel: Pair
    strides: Pair
    pads: AnyPads


@dataclass(frozen=True, slots=True)
class AveragePooling:
    """An average pool.

    Attributes:
        kernel, strides, pads: of its windows.
        count_include_pad: whether padding counts as zeros.
        ceil_mode: whether a window that begins in the map and ends after it is kept.
    """

    kernel: Pair
    strides: Pair
    pads: AnyPads
    count_include_pad: bool
    ceil_mode: bool


@dataclass(frozen=True, slots=True)
class Pad:
    """Adds rows and columns of a constant: 0 or -inf."""

    pads: Pads
    value: float


@dataclass(frozen=True, slots=True)
class PadChannels:
    """Adds channels of zeros."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Subsample:
    """Keeps every n-th row and column, beginning with the first: `x[:, :, ::2, ::2]`."""

    strides: Pair


@dataclass(frozen=True, slots=True)
class GlobalAverage:
    """The mean over height and width, whether or not the axes of size 1 are kept."""


@dataclass(frozen=True, slots=True)
class Flatten:
    """Puts the axes after the batch's into one."""


@dataclass(frozen=True, slots=True)
class FullyConnected:
    """A dense layer on features (N, C)."""

    kernel: Weight
    bias: Weight | None


@dataclass(frozen=True, slots=True)
class AddBias:
    """Adds one value per channel, as a separate operation."""

    bias: Weight


@dataclass(frozen=True, slots=True)
class Sum:
    """Adds two feature maps of the same shape."""


@dataclass(frozen=True, slots=True)
class Softmax:
    """The softmax over the classes."""


@dataclass(frozen=True, slots=True)
class Identity:
    """An operation that changes nothing in inference.

    Attributes:
        reason: what it is, for people: "Dropout(0.5)".
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """An operation that no ResNet of this family has, or with attributes that none has.

    Attributes:
        text: what it is, for people: "LeakyReLU(0.3)", "Conv2D with activation tanh".
        instead: what the family has in its place, for people: "ReLU"; "" if there is nothing.
    """

    text: str
    instead: str = field(default="")


@dataclass(frozen=True, slots=True)
class UserLayer(Foreign):
    """A layer of the user's own class: the file has its arrays, and not its code."""


Kind = (
    Convolution
    | BatchNorm
    | Rectifier
    | MaxPooling
    | AveragePooling
    | Pad
    | PadChannels
    | Subsample
    | GlobalAverage
    | Flatten
    | FullyConnected
    | AddBias
    | Sum
    | Softmax
    | Identity
    | Foreign
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a graph.

    Attributes:
        name: the file's name of the layer or node, unique in the graph.
        kind: what it computes.
        inputs: names of the operations that it reads; IMAGE for the image.
    """

    name: str
    kind: Kind
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A network as its file describes it.

    Attributes:
        source: what describes it, for people: "Keras configuration", "ONNX graph".
        operations: in an order in which each comes after those that it reads.
        outputs: names of the operations whose outputs are the network's.
    """

    source: str
    operations: tuple[Operation, ...]
    outputs: tuple[str, ...]
