"""What becomes of an array whose axes were not moved."""

import numpy as np

from resnet_duet.experiments.use import Use, reweighted
from resnet_duet.port.convert import relayout
from resnet_spec import Slot


def reshaped(array: np.ndarray, axes: str, source: str, target: str) -> np.ndarray:
    """The array, as it arrives if its memory in one order of axes is reshaped to another.

    Args:
        array: of these axes, before and after.
        axes, source, target: letters. The right way from source to target would be `relayout`.
    """
    sizes = dict(zip(axes, array.shape, strict=True))
    memory = relayout(array, axes, source)
    return relayout(memory.reshape([sizes[axis] for axis in target]), target, axes)


def with_reshaped(use: Use, axes: str, source: str, target: str) -> Use:
    """The same network with every array of these axes `reshaped` from source to target."""

    def change(slot: Slot, array: np.ndarray) -> np.ndarray:
        return reshaped(array, axes, source, target) if slot.axes == axes else array

    return reweighted(use, change)


def transpose(name: str, source: str, target: str) -> str:
    """The line of NumPy that moves the axes: "kernel.transpose(2, 3, 1, 0)"."""
    return f"{name}.transpose({', '.join(str(source.index(axis)) for axis in target)})"
