"""The arrays of a file in the places of a network, whatever their names in the file.

A graph, the order of the arrays or a mapping of the user decides the places. `relabelled` then
gives the arrays their canonical names and layouts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod

import numpy as np

import resnet_spec
from resnet_duet.graphs.operations import AnyWeight, Filled, Weight
from resnet_duet.weights.arrays import Arrays, Entry, named_dtype
from resnet_duet.weights.convert import relayout
from resnet_duet.weights.dialect import Dialect
from resnet_duet.weights.dialects import dialect
from resnet_spec import ArraySpec, ResNetSpec
from resnet_spec.errors import Shape, check_arrays

CANONICAL = "torchvision"  # the dialect of relabelled arrays
DEFAULT_DTYPE = "float32"  # of constant arrays in a file without any other


class PlacedBy(StrEnum):
    """How the places of a file's arrays were found, for people."""

    NAMES = "identified by their names"
    GRAPH = "assigned by their places in the graph"
    ORDER = "assigned by order and shapes"
    MAPPING = "assigned by the given mapping"


@dataclass(frozen=True)
class Placement:
    """A network, and the array of a file for each of its arrays.

    Attributes:
        spec: the network.
        weights: {array spec of the network's plan: array of the file, or a constant}.
        placed_by: how the places were found.
    """

    spec: ResNetSpec
    weights: Mapping[ArraySpec, AnyWeight]
    placed_by: PlacedBy

    @property
    def names(self) -> dict[str, str]:
        """{canonical name: name in the file}, of all arrays that the file has."""
        return {
            canonical: weight.name
            for canonical, weight in self.by_name().items()
            if isinstance(weight, Weight)
        }

    def by_name(self) -> dict[str, AnyWeight]:
        """{canonical name: array of the file or constant}, of the arrays that have a place."""
        table = dialect(CANONICAL).table(resnet_spec.plan(self.spec))
        return {name: self.weights[array] for name, array in table.items() if array in self.weights}


def relabelled(arrays: Arrays, placement: Placement) -> Arrays:
    """The network's arrays under canonical names and in canonical layouts.

    Each array is read and relaid when it is used. Arrays without a place are left out.

    Args:
        arrays: of the file, under the names in the placement.
        placement: the place of each array.

    Raises:
        WeightsError: an array of the network has no place, or another shape. It lists all of them.
    """
    own = dialect(CANONICAL)
    table = own.table(resnet_spec.plan(placement.spec))
    weights = placement.by_name()
    found = {name: _shape(weight, table[name], own) for name, weight in weights.items()}
    check_arrays(found, {name: own.shape(array) for name, array in table.items()})
    constant = _dtype_of_constants(arrays)
    entries = {}
    for name, array in table.items():
        weight = weights[name]
        match weight:
            case Filled():
                entries[name] = _constant(weight.value, own.shape(array), constant)
            case Weight():
                entries[name] = relaid(arrays.entries[weight.name], weight.axes, own.axes(array))
    return Arrays(entries)


def unplaced(arrays: Arrays, placement: Placement) -> tuple[str, ...]:
    """Names of the file's arrays that have no place in the network."""
    used = set(placement.names.values())
    return tuple(name for name in arrays if name not in used)


def _shape(weight: AnyWeight, array: ArraySpec, own: Dialect) -> Shape:
    """The shape that the weight has in the canonical layout, or its own if letters differ."""
    axes = own.axes(array)
    if isinstance(weight, Filled) or set(weight.axes) - {"1"} != set(axes) - {"1"}:
        return weight.shape
    return tuple(1 if axis == "1" else weight.size(axis) for axis in axes)


def relaid(entry: Entry, axes: str, new_axes: str) -> Entry:
    """The array with its axes in another order; see `relayout`. It is read when it is used."""
    sizes = dict(zip(axes, entry.shape, strict=True)) | {"1": 1}
    shape = tuple(sizes[axis] for axis in new_axes)
    return Entry(shape, entry.dtype, lambda: relayout(entry.read(), axes, new_axes))


def _constant(value: float, shape: Shape, dtype: np.dtype) -> Entry:
    return Entry(shape, dtype, lambda: np.full(shape, value, dtype))


def _dtype_of_constants(arrays: Arrays) -> np.dtype:
    """The precision that most of the file's values have."""
    counts: dict[np.dtype, int] = {}
    for entry in arrays.entries.values():
        counts[entry.dtype] = counts.get(entry.dtype, 0) + prod(entry.shape)
    return max(counts, key=lambda dtype: counts[dtype]) if counts else named_dtype(DEFAULT_DTYPE)
