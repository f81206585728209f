"""Arrays of one dialect -> arrays of another: check, rename, relayout."""

from collections.abc import Mapping

import numpy as np

import resnet_spec
from resnet_duet.port.arrays import Arrays, Entry, named_dtype
from resnet_duet.port.dialect import Dialect, Shapes
from resnet_duet.port.dialects import dialect
from resnet_spec import Plan, ResNetSpec, Slot
from resnet_spec.errors import check_arrays

SMALL = 2**16  # numbers, that fit into a cache as they are
COLUMNS = 16  # of four bytes each: one line of the cache


def convert(
    weights: Mapping[str, np.ndarray],
    spec: ResNetSpec | Plan | str,
    source: str,
    target: str,
) -> dict[str, np.ndarray]:
    """The same weights under another dialect's names and layouts, bit for bit.

    Args:
        weights: {array name in `source`: array}, exactly the network's.
        spec: the network, its plan, or its name in the zoo.
        source, target: names of dialects.

    Returns:
        {array name in `target`: array} in the precision of `weights`, in the target's order.

    Raises:
        WeightsError: an array is missing, unexpected or misshapen; all of them are listed.
        DialectError: no such dialect, or it has no names for this network's layers.
    """
    return dict(translate(Arrays.of(weights), spec, source, target))


def translate(arrays: Arrays, spec: ResNetSpec | Plan | str, source: str, target: str) -> Arrays:
    """`convert` without reading: each array is read and laid out anew when it is asked for."""
    plan = resnet_spec.plan(spec)
    ours, theirs = dialect(source), dialect(target)
    names = {slot: name for name, slot in fitting(arrays.shapes, plan, ours).items()}
    return Arrays(
        {
            new: _relaid(arrays.entries[names[slot]], ours, theirs, slot)
            for new, slot in theirs.table(plan).items()
        }
    )


def fitting(shapes: Shapes, plan: Plan, dialect: Dialect) -> dict[str, Slot]:
    """{array name: the slot it fills}, of all arrays of a file and all slots of a network.

    Raises:
        WeightsError: an array is missing, unexpected or misshapen; all of them are listed.
        DialectError: the dialect has no names for this network's layers.
    """
    check_arrays(dialect.spelt(shapes, plan), dialect.shapes(plan))
    table, spelling = dialect.table(plan), dialect.spelling(shapes, plan)
    return {name: table[spelling[name]] for name in shapes}


def cast(arrays: Arrays, dtype: str) -> Arrays:
    """The arrays in another precision, each converted when it is read."""
    wanted = named_dtype(dtype)

    def entry(old: Entry) -> Entry:
        return Entry(old.shape, wanted, lambda: old.read().astype(wanted, copy=False))

    return Arrays({name: entry(old) for name, old in arrays.entries.items()})


def _relaid(entry: Entry, ours: Dialect, theirs: Dialect, slot: Slot) -> Entry:
    axes, new_axes = ours.axes(slot), theirs.axes(slot)
    return Entry(theirs.shape(slot), entry.dtype, lambda: relayout(entry.read(), axes, new_axes))


def relayout(array: np.ndarray, axes: str, new_axes: str) -> np.ndarray:
    """The array with its axes in another order: `relayout(kernel, "OIHW", "HWIO")`.

    A 1 stands for an axis of size 1 that only one of the two has.
    """
    sizes = dict(zip(axes, array.shape, strict=True)) | {"1": 1}
    letters = axes.replace("1", "")
    bare = array.reshape([sizes[axis] for axis in letters])
    order = [letters.index(axis) for axis in new_axes if axis != "1"]
    return _row_by_row(bare.transpose(order)).reshape([sizes[axis] for axis in new_axes])


def _row_by_row(view: np.ndarray) -> np.ndarray:
    """`np.ascontiguousarray`, a few columns at a time.

    NumPy fills row after row and so, transposing, touches a new line of the cache for every
    number. Sixteen columns share one: a kernel takes half to a fifth of the time.
    """
    if view.flags.c_contiguous or view.size < SMALL:
        return np.ascontiguousarray(view)
    copy = np.empty(view.shape, view.dtype)
    for start in range(0, view.shape[-1], COLUMNS):
        copy[..., start : start + COLUMNS] = view[..., start : start + COLUMNS]
    return copy
