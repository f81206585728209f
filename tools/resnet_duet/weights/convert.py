"""Arrays of one dialect -> arrays of another: check, rename, change the layout."""

from collections.abc import Mapping

import numpy as np

import resnet_spec
from resnet_duet.weights.arrays import Arrays, Entry, named_dtype
from resnet_duet.weights.dialect import Dialect, Shapes
from resnet_duet.weights.dialects import dialect
from resnet_spec import ArraySpec, Plan, ResNetSpec
from resnet_spec.errors import check_arrays

SMALL = 2**16  # values that fit into a processor's cache
COLUMNS = 16  # of four bytes each: one cache line


def convert(
    weights: Mapping[str, np.ndarray],
    spec: ResNetSpec | Plan | str,
    source: str,
    target: str,
) -> dict[str, np.ndarray]:
    """The same weights, bit-exact, under another dialect's names and layouts.

    Args:
        weights: {array name in `source`: array}, exactly the network's.
        spec: the network: a spec, a plan, or a name of the zoo.
        source: the dialect of the weights, one of `resnet_duet.dialects()`.
        target: the dialect of the result.

    Returns:
        {array name in `target`: array} in the precision of `weights`, in the target's order.

    Raises:
        WeightsError: an array is missing, unexpected or has another shape. It lists all of them.
        DialectError: there is no such dialect, or it has no names for this network's layers.
        SpecError: there is no such network in the zoo.

    Example:
        >>> import resnet_duet, resnet_torch
        >>> weights = resnet_torch.read(resnet_torch.build("resnet18"))
        >>> list(resnet_duet.convert(weights, "resnet18", "torchvision", "keras"))[0]
        'conv1/kernel'
    """
    return dict(translate(Arrays.of(weights), spec, source, target))


def translate(arrays: Arrays, spec: ResNetSpec | Plan | str, source: str, target: str) -> Arrays:
    """`convert` without reading: each array is read and converted when it is used."""
    plan = resnet_spec.plan(spec)
    old, new = dialect(source), dialect(target)
    names = {array: name for name, array in match_arrays(arrays.shapes, plan, old).items()}
    return Arrays(
        {
            name: _relaid(arrays.entries[names[array]], old, new, array)
            for name, array in new.table(plan).items()
        }
    )


def match_arrays(shapes: Shapes, plan: Plan, dialect: Dialect) -> dict[str, ArraySpec]:
    """The array of a network that each array of a file is.

    Args:
        shapes: {array name: shape} of the file.
        plan: the network.
        dialect: of the file.

    Returns:
        {array name: array spec}, for all arrays of the file.

    Raises:
        WeightsError: an array is missing, unexpected or has another shape. It lists all of them.
        DialectError: the dialect has no names for this network's layers.
    """
    check_arrays(dialect.normalized_shapes(shapes, plan), dialect.shapes(plan))
    table, normalized = dialect.table(plan), dialect.normalize_names(shapes, plan)
    return {name: table[normalized[name]] for name in shapes}


def cast(arrays: Arrays, dtype: str) -> Arrays:
    """The arrays in another precision. Each is converted when it is used."""
    wanted = named_dtype(dtype)

    def entry(old: Entry) -> Entry:
        return Entry(old.shape, wanted, lambda: old.read().astype(wanted, copy=False))

    return Arrays({name: entry(old) for name, old in arrays.entries.items()})


def _relaid(entry: Entry, old: Dialect, new: Dialect, array: ArraySpec) -> Entry:
    axes, new_axes = old.axes(array), new.axes(array)
    return Entry(new.shape(array), entry.dtype, lambda: relayout(entry.read(), axes, new_axes))


def relayout(array: np.ndarray, axes: str, new_axes: str) -> np.ndarray:
    """The array with its axes in another order, contiguous in memory.

    Args:
        array: with one axis for each letter of `axes`.
        axes: as "OIHW". A 1 is an axis of size 1 that only one of the two layouts has.
        new_axes: the same letters in the new order.

    Returns:
        The array itself if nothing changes, else a copy.

    Example:
        >>> relayout(np.zeros((64, 3, 7, 7)), "OIHW", "HWIO").shape
        (7, 7, 3, 64)
    """
    sizes = dict(zip(axes, array.shape, strict=True)) | {"1": 1}
    letters = axes.replace("1", "")
    bare = array.reshape([sizes[axis] for axis in letters])
    order = [letters.index(axis) for axis in new_axes if axis != "1"]
    return _row_by_row(bare.transpose(order)).reshape([sizes[axis] for axis in new_axes])


def to_nhwc(array: np.ndarray, axes: str) -> np.ndarray:
    """A feature map as (N, H, W, C) float64. Logits (N, K) keep their shape.

    Args:
        array: feature map or logits.
        axes: of the feature map, "NCHW" or "NHWC".
    """
    wide = np.asarray(array, dtype=np.float64)
    return relayout(wide, axes, "NHWC") if wide.ndim == 4 else wide


def _row_by_row(view: np.ndarray) -> np.ndarray:
    """`np.ascontiguousarray`, a few columns at a time.

    NumPy fills row after row, and so touches another cache line for each value of a transposed
    array. Sixteen columns share a cache line: a kernel takes half to a fifth of the time.
    """
    if view.flags.c_contiguous or view.size < SMALL:
        return np.ascontiguousarray(view)
    copy = np.empty(view.shape, view.dtype)
    for start in range(0, view.shape[-1], COLUMNS):
        copy[..., start : start + COLUMNS] = view[..., start : start + COLUMNS]
    return copy
