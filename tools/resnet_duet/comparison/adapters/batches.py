"""Programs that take a fixed number of images, or fixed sizes of them."""

from collections.abc import Sequence

import numpy as np

from resnet_duet.comparison.subject import Tracer
from resnet_duet.frameworks import Axes
from resnet_spec.measure import Size

Sizes = Sequence[int | None]  # of the four axes of a program's images; None for any size


def layout_of(sizes: Sizes) -> Axes:
    """The layout of the images. The channels have a fixed size, or the smaller one."""
    if len(sizes) != 4 or not sizes[3]:
        return "NCHW"
    return "NHWC" if not sizes[1] or sizes[3] < sizes[1] else "NCHW"


def channels_and_size(sizes: Sizes, axes: Axes) -> tuple[int | None, Size | None]:
    """Channels and (height, width) of the images, where the program fixes them."""
    if len(sizes) != 4:
        return None, None
    by_axis = dict(zip(axes, sizes, strict=True))
    height, width = by_axis["H"], by_axis["W"]
    return by_axis["C"] or None, (height, width) if height and width else None


def in_batches(trace: Tracer, number: int | None) -> Tracer:
    """A function of any number of images, for a program that takes a fixed number.

    Args:
        trace: runs the program.
        number: of the images that it takes; None for any number.
    """
    if not number:
        return trace

    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        missing = -len(images) % number
        padded = np.concatenate([images, *([images[:1]] * missing)])
        runs = [trace(padded[at : at + number]) for at in range(0, len(padded), number)]
        return {
            name: np.concatenate([run[name] for run in runs])[: len(images)] for name in runs[0]
        }

    return run
