"""Arrays whose memory is read in another order of axes, instead of being transposed."""

import numpy as np

from resnet_duet.scenarios.inference import InferenceScenario, map_arrays
from resnet_duet.weights.convert import relayout
from resnet_spec import ArraySpec


def reshaped(array: np.ndarray, axes: str, source: str, target: str) -> np.ndarray:
    """The result of `reshape` where a transpose is needed.

    The memory of an array in the order `source` is taken for one in the order `target`. The
    correct conversion is `relayout`.

    Args:
        array: an array.
        axes: its axis letters, also those of the result.
        source: the order of axes in memory.
        target: the order that is assumed.
    """
    sizes = dict(zip(axes, array.shape, strict=True))
    memory = relayout(array, axes, source)
    return relayout(memory.reshape([sizes[axis] for axis in target]), target, axes)


def with_reshaped(
    scenario: InferenceScenario, axes: str, source: str, target: str
) -> InferenceScenario:
    """The scenario with every array of these axes `reshaped` from source to target."""

    def change(array_spec: ArraySpec, array: np.ndarray) -> np.ndarray:
        return reshaped(array, axes, source, target) if array_spec.axes == axes else array

    return map_arrays(scenario, change)


def transpose(name: str, source: str, target: str) -> str:
    """The NumPy code that moves the axes.

    Args:
        name: of the variable.
        source: axis letters of the array.
        target: the same letters in the new order.

    Example:
        >>> transpose("kernel", "OIHW", "HWIO")
        'kernel.transpose(2, 3, 1, 0)'
    """
    return f"{name}.transpose({', '.join(str(source.index(axis)) for axis in target)})"
