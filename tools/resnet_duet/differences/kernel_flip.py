"""Convolution in the sense of mathematics, or cross-correlation."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size, at_odd_size
from resnet_duet.experiments.use import Use, reweighted
from resnet_spec import Slot


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use):
        what = "kernels are rotated by 180 degrees"
        yield Mistake(what, reweighted(world, _rotated), "kernel[:, :, ::-1, ::-1]  # OIHW")


def _rotated(slot: Slot, array: np.ndarray) -> np.ndarray:
    return array[:, :, ::-1, ::-1] if slot.axes == "OIHW" else array


def symmetric() -> Use:
    """Images that are the same upside down, of a size whose middle is a pixel at every stride."""
    world = at_odd_size("resnet18")
    return replace(world, images=world.images + world.images[:, ::-1, ::-1])


DIFFERENCE = Difference(
    name="kernel_flip",
    group=Group.LAYOUT,
    title="what both frameworks call a convolution is a correlation",
    about=(
        "In mathematics a convolution turns the kernel by 180 degrees before it slides over the"
        " image. PyTorch and TensorFlow leave it as it is, which is properly called a"
        " cross-correlation; for a kernel that is learned it makes no difference. Theano did turn"
        " it, and so do scipy.signal.convolve2d and MATLAB's conv2. Keras 1 and 2 had a helper that"
        " turned the kernels of Theano's files, and conversion scripts copied that line for weights"
        " that never came from Theano. The 1x1 kernels of a bottleneck do not notice, the others"
        " look at the world upside down."
    ),
    torch="F.conv2d(x, kernel)  # as it is",
    keras="ops.conv(x, kernel)  # as it is, in HWIO",
    wrong="layer.kernel.assign(kernel[::-1, ::-1])  # HWIO, for weights from Theano only",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the images are the same upside down, and of an odd size", symmetric),),
)
