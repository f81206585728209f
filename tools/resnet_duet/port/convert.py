"""Arrays of one dialect -> arrays of another: check, rename, relayout."""

from collections.abc import Mapping

import numpy as np

import resnet_spec
from resnet_duet.port.dialects import dialect
from resnet_spec.errors import check_arrays


def convert(
    weights: Mapping[str, np.ndarray],
    spec: resnet_spec.ResNetSpec | str,
    source: str,
    target: str,
) -> dict[str, np.ndarray]:
    """The same weights under another dialect's names and layouts, bit for bit.

    Args:
        weights: {array name in `source`: array}, exactly the network's.
        spec: the network, or its name in the zoo.
        source, target: names of dialects.

    Returns:
        {array name in `target`: array} in the precision of `weights`.

    Raises:
        WeightsError: an array is missing, unexpected or misshapen; all of them are listed.
        DialectError: no such dialect, or it has no names for this network's layers.
    """
    plan = resnet_spec.plan(resnet_spec.get(spec) if isinstance(spec, str) else spec)
    ours, theirs = dialect(source), dialect(target)
    sources, targets = ours.table(plan), theirs.table(plan)
    check_arrays(
        {name: np.shape(array) for name, array in weights.items()},
        {name: ours.shape(slot) for name, slot in sources.items()},
    )
    return {
        new: relayout(weights[old], ours.axes(slot), theirs.axes(slot))
        for (old, slot), new in zip(sources.items(), targets, strict=True)
    }


def relayout(array: np.ndarray, axes: str, new_axes: str) -> np.ndarray:
    """The array with its axes in another order: `relayout(kernel, "OIHW", "HWIO")`."""
    return np.ascontiguousarray(np.transpose(array, [axes.index(axis) for axis in new_axes]))
