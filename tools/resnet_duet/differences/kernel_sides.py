"""Height before width, or width before height, of kernels."""

from collections.abc import Iterator

import numpy as np

from resnet_duet.differences.image_sides import symmetric
from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.layouts import transpose
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, reweighted
from resnet_duet.port.convert import relayout
from resnet_spec import Slot


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use):
        what = "kernels have height and width swapped"
        yield Mistake(what, reweighted(world, _swapped), transpose("kernel", "OIHW", "HWIO"))


def _swapped(slot: Slot, array: np.ndarray) -> np.ndarray:
    return relayout(array, "OIHW", "OIWH") if slot.axes == "OIHW" else array


DIFFERENCE = Difference(
    name="kernel_sides",
    group=Group.LAYOUT,
    title="a kernel's axes are moved in pairs, not reversed",
    about=(
        "From PyTorch's (O, I, H, W) to Keras' (H, W, I, O) the first two axes and the last two"
        " each go their own way. Reversing all four, by `.T` or `transpose(3, 2, 1, 0)`, gives (W,"
        " H, I, O): of the right shape, since kernels are square, and with every kernel turned over"
        " its diagonal. It is the classic mistake of conversion scripts, because it is right for"
        " the classifier, whose kernel has two axes. The network still recognises much, as blobs"
        " are blobs: a ResNet-20 trained for CIFAR-10 has 407 of 1,000 images right, instead of"
        " 934. A test on an image of ones does not see it at all."
    ),
    torch="conv.weight  # (O, I, H, W)",
    keras="layer.kernel.assign(kernel.transpose(2, 3, 1, 0))  # (H, W, I, O)",
    wrong="layer.kernel.assign(kernel.transpose(3, 2, 1, 0))  # (W, H, I, O)",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(
        Hidden(
            "the images are symmetric about their diagonal, and a classifier sees means only",
            symmetric,
        ),
    ),
)
