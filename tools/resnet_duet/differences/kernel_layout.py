"""The order of a convolution kernel's axes."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.layouts import transpose, with_reshaped
from resnet_duet.experiments.nets import EVEN, at_even_size, small
from resnet_duet.experiments.use import Use, reweighted, use
from resnet_duet.port.convert import relayout
from resnet_spec import Slot

IN_TORCH, IN_KERAS = "OIHW", "HWIO"


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    for source, target in ((IN_TORCH, IN_KERAS), (IN_KERAS, IN_TORCH)):
        what = f"kernels are reshaped from {source} to {target}, not transposed"
        wrong = with_reshaped(world, IN_TORCH, source, target)
        yield Mistake(what, wrong, transpose("kernel", source, target))
    what = "kernels with as many inputs as outputs have the two swapped"
    yield Mistake(what, reweighted(world, _swapped), transpose("kernel", IN_TORCH, IN_KERAS))


def _swapped(slot: Slot, array: np.ndarray) -> np.ndarray:
    fits = slot.axes == IN_TORCH and slot.shape[0] == slot.shape[1]
    return relayout(array, IN_TORCH, "IOHW") if fits else array


def one_channel() -> Use:
    """A network whose every layer has one channel."""
    spec = small("resnet18")
    thin = replace(spec, in_channels=1, widths=(1, 1), stem=replace(spec.stem, channels=(1,)))
    return use(thin, 0, EVEN)


DIFFERENCE = Difference(
    name="kernel_layout",
    group=Group.LAYOUT,
    title="kernels: (outputs, inputs, height, width) in PyTorch, (height, width, inputs, outputs)"
    " in Keras",
    about=(
        "A kernel is the same numbers in both frameworks in another order of axes: OIHW in PyTorch,"
        " HWIO in Keras. Carrying one over is a transpose. A reshape has the right shape as well"
        " and leaves a kernel of well-known numbers in random places: a network of noise. Subtler"
        " is the script that tries one order of axes after the other until the shape fits. In a"
        " ResNet most kernels have as many inputs as outputs, so that the first order tried fits"
        " although it swaps the two, while the few kernels that are not square come out right."
        " Shapes never prove a layout; only outputs do."
    ),
    torch="conv.weight  # (O, I, H, W)",
    keras="layer.kernel.assign(kernel.transpose(2, 3, 1, 0))  # OIHW to HWIO",
    wrong="layer.kernel.assign(kernel.reshape(layer.kernel.shape))",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(
        Hidden(
            "every layer has one channel, so that only height and width are left of a kernel",
            one_channel,
        ),
    ),
)
