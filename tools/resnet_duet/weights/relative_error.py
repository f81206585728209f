"""The one scale on which this project measures how far two arrays are apart."""

import numpy as np


def relative_error(reference: np.ndarray, other: np.ndarray) -> float:
    """max|reference - other| / max|reference|: the largest difference on the reference's scale.

    Every error that this project reports has this form. The reference is the network, the
    framework or the precision that is taken to be right.

    Args:
        reference: an array of any shape.
        other: the array that is compared with it.

    Returns:
        The relative error; the absolute one if the reference is zero everywhere. NaN if either
        array holds a NaN, infinity if their shapes differ.

    Example:
        >>> relative_error(np.array([1.0, -4.0]), np.array([1.0, -3.0]))
        0.25
    """
    if reference.shape != other.shape:
        return float("inf")
    scale = np.max(np.abs(reference))
    worst = np.max(np.abs(reference - other))
    return float(worst / scale if scale > 0 else worst)
