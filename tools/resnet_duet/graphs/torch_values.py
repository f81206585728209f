"""The values of a PyTorch program: feature maps, arrays, zeros; and one call of a program."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from resnet_duet.graphs.operations import Kind, Weight
from resnet_duet.weights.arrays import Shape


@dataclass(frozen=True)
class Map:
    """The output of an operation.

    Attributes:
        name: of the operation; IMAGE for the image.
        shape: (N, C, H, W) or (N, C), as the program was read.
    """

    name: str
    shape: Shape


@dataclass(frozen=True)
class Stored:
    """An array of the file, or a view of one.

    Attributes:
        name: of the array.
        file_shape: in the file.
        shape: of this view, which has all values of the array.
        transposed: whether the two axes of a matrix are exchanged.
    """

    name: str
    file_shape: Shape
    shape: Shape
    transposed: bool = False

    def weight(self, axes: str) -> Weight:
        """The reference to this array, with one letter for each axis.

        Raises:
            UnknownCallError: this is a view with other axes, which no layer reads directly.
        """
        if self.transposed:
            axes = axes[::-1]
        shape = self.file_shape[::-1] if self.transposed else self.file_shape
        if self.shape != shape or len(axes) != len(shape):
            raise UnknownCallError(f"an operation on a view of {self.name}")
        return Weight(self.name, axes, self.file_shape)


@dataclass(frozen=True)
class Zeros:
    """A tensor of zeros that the program makes."""

    shape: Shape


Value = Map | Stored | Zeros


@dataclass(frozen=True)
class Reference:
    """A tensor among the arguments of a call, by its key in the program."""

    key: Hashable


@dataclass(frozen=True)
class Call:
    """One call of an operator of PyTorch.

    Attributes:
        operator: its name without overload: "relu_".
        arguments: {name in the operator's schema: value}; tensors are `Reference`s. Arguments that
            have their default may be missing.
        outputs: (key, shape) of each tensor that it returns.
        place: path of the module that makes the call; "" if unknown.
    """

    operator: str
    arguments: Mapping[str, object]
    outputs: tuple[tuple[Hashable, Shape], ...]
    place: str

    @property
    def is_inplace(self) -> bool:
        """Whether it changes its first tensor, as all operators do whose names end with `_`."""
        return self.operator.endswith("_") and not self.operator.endswith("__")


@dataclass(frozen=True)
class Made:
    """An operation that a call translates to.

    Attributes:
        kind: of the operation.
        inputs: the feature maps that it reads.
    """

    kind: Kind
    inputs: tuple[Map, ...]


class UnknownCallError(Exception):
    """A call that the kinds of operations cannot express; the text is for people.

    Attributes:
        instead: what a ResNet has in its place; "" if there is nothing.
    """

    def __init__(self, text: str, instead: str = ""):
        super().__init__(text)
        self.instead = instead
