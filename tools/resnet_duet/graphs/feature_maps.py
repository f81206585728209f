"""What a reader knows of a tensor, and the graph that it collects.

Frameworks' files compute with tensors whose axes have any order. A reader keeps the letters of each
tensor's axes, so that a transposition changes letters and needs no operation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from resnet_duet.graphs import exported
from resnet_duet.graphs.operations import (
    IMAGE,
    Foreign,
    Graph,
    Kind,
    Operation,
    Weight,
)
from resnet_duet.graphs.windows import WindowSizes
from resnet_duet.weights.arrays import Arrays, Entry, Shape

Sizes = Mapping[str, int | None]  # {letter of an axis: its size, None if the file leaves it open}


FIRST_SYMBOL = -(2**30)  # stands for a size that is left open; no size is near it


class ForeignError(Exception):
    """An operation that `operations` cannot express. Readers catch it and add a `Foreign`."""

    def __init__(self, text: str, instead: str = ""):
        super().__init__(text)
        self.kind = Foreign(text, instead)


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """The output of an operation.

    Attributes:
        operation: name of the operation.
        axes: one letter for each axis: N batch, C channel, H height, W width.
        sizes: of the axes.
    """

    operation: str
    axes: str
    sizes: Sizes

    @property
    def spatial(self) -> tuple[int | None, int | None]:
        """(height, width)."""
        return self.sizes.get("H"), self.sizes.get("W")

    @property
    def has_one_pixel(self) -> bool:
        """Whether height and width are known to be 1, or are no axes of the tensor."""
        return all(self.sizes[axis] == 1 for axis in self.axes if axis in "HW")

    def letter(self, axis: int) -> str:
        """The letter of an axis, which may be counted from the end. Raises ForeignError."""
        if not -len(self.axes) <= axis < len(self.axes):
            raise ForeignError(f"an operation on axis {axis} of {len(self.axes)}")
        return self.axes[axis]

    def without(self, letters: str) -> str:
        """The axes without some of them."""
        return "".join(axis for axis in self.axes if axis not in letters)


@dataclass(frozen=True, slots=True)
class Constant:
    """An array of the file with its axes in another order.

    Attributes:
        name: of the array.
        entry: the array as it is in the file.
        view: the array's axis for each axis of this constant; None for a new axis of size 1. An
            axis that is missing has size 1.
    """

    name: str
    entry: Entry
    view: tuple[int | None, ...]

    @classmethod
    def of(cls, name: str, entry: Entry) -> "Constant":
        """The array as it is."""
        return cls(name, entry, tuple(range(len(entry.shape))))

    @property
    def shape(self) -> Shape:
        """In the order of this constant."""
        return tuple(1 if axis is None else self.entry.shape[axis] for axis in self.view)

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.entry.shape)

    @property
    def is_integer(self) -> bool:
        """Whether the values are integers or booleans."""
        return self.entry.dtype.kind in "iub"

    def array(self) -> np.ndarray:
        """The values, in the order of this constant."""
        kept = [axis for axis in self.view if axis is not None]
        ones = [axis for axis in range(len(self.entry.shape)) if axis not in kept]
        return self.entry.read().transpose(*kept, *ones).reshape(self.shape)

    def scalar(self) -> float:
        """The only value. Raises ForeignError: there are several."""
        if self.size != 1:
            raise ForeignError(f"{self.size} values in {self.name} where one is expected")
        return float(self.entry.read().reshape(()))

    def permuted(self, order: Sequence[int]) -> "Constant":
        """The same array with its axes in this order."""
        if sorted(order) != list(range(len(self.view))):
            raise ForeignError(f"a transposition of {len(self.view)} axes to {tuple(order)}")
        return replace(self, view=tuple(self.view[axis] for axis in order))

    def reshaped(self, shape: Shape) -> "Constant | None":
        """The same array with other axes of size 1; None if other axes change as well."""
        old = [(axis, n) for axis, n in zip(self.view, self.shape, strict=True) if n != 1]
        if [n for _, n in old] != [n for n in shape if n != 1]:
            return None
        axes = iter(old)
        return replace(self, view=tuple(None if n == 1 else next(axes)[0] for n in shape))

    def weight(self, axes: str) -> Weight:
        """A reference to the array.

        Args:
            axes: letters of this constant's axes, 1 for an axis of size 1 that is to be left out.

        Raises:
            ForeignError: an axis of size 1 that the file's array does not have has a letter.
        """
        letters = ["1"] * len(self.entry.shape)
        for letter, axis, size in zip(axes, self.view, self.shape, strict=True):
            if (axis is None and letter != "1") or (letter == "1" and size != 1):
                raise ForeignError(f"the shape {self.entry.shape} of {self.name}")
            if axis is not None:
                letters[axis] = letter
        return Weight(self.name, "".join(letters), self.entry.shape)


Value = FeatureMap | Constant


@dataclass
class GraphBuilder:
    """The operations and arrays that a reader has read so far.

    Attributes:
        arrays: {name: array of the file}.
        precision: of the image, in the words of the file's framework.
        operations: {name: operation}.
        windows: {name of an operation with explicit padding: its input}, where sizes are fixed.
        symbols: {(operation, letter of an axis): number that stands for its size}, for sizes that
            the file leaves open and computes with.
    """

    arrays: dict[str, Entry]
    precision: str
    operations: dict[str, Operation] = field(default_factory=dict)
    windows: WindowSizes = field(default_factory=dict)
    symbols: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(
        self, name: str, kind: Kind, inputs: Sequence[FeatureMap], axes: str, sizes: Sizes
    ) -> FeatureMap:
        """Append an operation.

        Args:
            name: a name that no operation has yet gets a number otherwise.
            kind: what it computes.
            inputs: what it reads.
            axes, sizes: of its output.

        Returns:
            Its output.
        """
        unique, number = name, 1
        while unique in self.operations or unique in (IMAGE, ""):
            number += 1
            unique = f"{name}#{number}"
        names = tuple(x.operation for x in inputs)
        self.operations[unique] = Operation(unique, kind, names)
        return FeatureMap(unique, axes, {axis: sizes.get(axis) for axis in axes})

    def then(self, name: str, kind: Kind, x: FeatureMap) -> FeatureMap:
        """Append an operation that changes neither axes nor sizes."""
        return self.add(name, kind, [x], x.axes, x.sizes)

    def weight(self, constant: Constant, axes: str) -> Weight:
        """A reference to an array, which is one of the file's arrays from now on."""
        weight = constant.weight(axes)
        self.arrays.setdefault(constant.name, constant.entry)
        return weight

    def shape_of(self, x: FeatureMap) -> Shape:
        """The shape of a tensor, with a large negative number for a size that is left open."""
        sizes = []
        for axis in x.axes:
            size = x.sizes[axis]
            if size is None:
                key = ("", "N") if axis == "N" else (x.operation, axis)  # one batch for all
                size = self.symbols.setdefault(key, FIRST_SYMBOL - len(self.symbols))
            sizes.append(size)
        return tuple(sizes)

    def is_symbol(self, number: int) -> bool:
        """Whether a number stands for a size that is left open."""
        return number in self.symbols.values()

    def graph(self, source: str, outputs: tuple[str, ...]) -> tuple[Graph, Arrays]:
        """The graph and the arrays."""
        operations = tuple(self.operations.values())
        operations = exported.with_same_padding(operations, self.windows)
        operations = exported.with_whole_slices(operations, outputs)
        operations = exported.with_offsets(operations, outputs)
        return Graph(source, operations, outputs), Arrays(self.arrays)
