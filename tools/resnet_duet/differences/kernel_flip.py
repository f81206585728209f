"""Convolution in the sense of mathematics, or cross-correlation."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
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
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the images are the same upside down, and of an odd size", symmetric),),
    check=(
        "Send an image through a layer that is black but for one pixel: the output shows the"
        " kernel, turned round by a correlation and as it is by a convolution. In a whole network"
        " compare outputs on random images. 1x1 kernels, and images that are the same upside down,"
        " hide it."
    ),
    exercise=Exercise(
        task=(
            'Predict what `np.convolve(signal, kernel, "valid")`, `torch.nn.functional.conv1d` and'
            " `keras.ops.conv` make of the signal `[0, 0, 1, 0, 0]` and the kernel `[1, 2, 3]`,"
            " then run all three. Find a kernel on which they agree for every signal, and the line"
            " that makes numpy's the same as the others for every kernel."
        ),
        solution="""\
import numpy as np
import torch
from keras import ops

signal = np.array([0.0, 0.0, 1.0, 0.0, 0.0])


def three(signal, kernel):
    x, k = torch.from_numpy(signal), torch.from_numpy(kernel)
    ours = torch.nn.functional.conv1d(x[None, None], k[None, None])[0, 0].numpy()
    theirs = ops.convert_to_numpy(ops.conv(signal[None, :, None], kernel[:, None, None]))[0, :, 0]
    return np.convolve(signal, kernel, "valid").tolist(), ours.tolist(), theirs.tolist()


kernel = np.array([1.0, 2.0, 3.0])
# Only numpy turns the kernel round before it slides it along.
assert three(signal, kernel) == ([1, 2, 3], [3, 2, 1], [3, 2, 1])
assert np.convolve(signal, kernel[::-1], "valid").tolist() == [3, 2, 1]
same = three(np.arange(5.0) ** 2, np.array([1.0, 2.0, 1.0]))  # the same in both directions
assert same[0] == same[1] == same[2]
print("numpy, PyTorch, Keras:", *three(signal, kernel))
""",
    ),
)
