"""The order of a convolution kernel's axes."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
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
        "A kernel is the same numbers in both frameworks in another order of axes: OIHW in"
        " PyTorch, HWIO in Keras. Carrying one over is a transpose. A reshape has the right shape"
        " as well and leaves a kernel of well-known numbers in random places: a network of noise."
        " Subtler is the script that tries one order of axes after the other until the shape fits."
        " In a ResNet-18 or -34 most kernels have as many inputs as outputs, so that the first"
        " order tried fits although it swaps the two, while the few kernels that are not square"
        " come out right. Shapes never prove a layout; only outputs do."
    ),
    torch="conv.weight  # (O, I, H, W)",
    keras="layer.kernel.assign(kernel.transpose(2, 3, 1, 0))  # OIHW to HWIO",
    wrong="layer.kernel.assign(kernel.reshape(layer.kernel.shape))",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(
        Hidden(
            "every layer has one channel, so that only height and width are left of a kernel",
            one_channel,
        ),
    ),
    check=(
        "Compare outputs in float64 on an image of random numbers, with random weights in every"
        " layer, those included whose kernels have as many inputs as outputs. Shapes prove nothing,"
        " nor does the way there and back: a wrong order, undone, is the file again."
    ),
    exercise=Exercise(
        task=(
            "A script carries PyTorch's kernels over by trying the orders of axes that"
            " `itertools.permutations` gives until one has Keras' shape. Predict for kernels of"
            " shape (64, 3, 7, 7), (64, 64, 3, 3), (128, 64, 3, 3) and (64, 64, 1, 1) whether it"
            " finds `(2, 3, 1, 0)`, and what it finds otherwise. Then count how many kernels of a"
            " ResNet-18 come out wrong."
        ),
        solution="""\
from itertools import permutations

import numpy as np

import resnet_duet
import resnet_spec


def found(shape):
    o, i, h, w = shape
    orders = permutations(range(4))
    return next(axes for axes in orders if tuple(shape[a] for a in axes) == (h, w, i, o))


for shape in ((64, 3, 7, 7), (64, 64, 3, 3), (128, 64, 3, 3), (64, 64, 1, 1)):
    print(shape, found(shape))

# (2, 3, 0, 1) is tried before (2, 3, 1, 0), and fits wherever inputs and outputs are as many.
weights = resnet_duet.random_weights(resnet_spec.get("resnet18"), seed=0)
shapes = [np.shape(array) for array in weights.values() if np.ndim(array) == 4]
wrong = [shape for shape in shapes if found(shape) != (2, 3, 1, 0)]
assert wrong == [shape for shape in shapes if shape[0] == shape[1]]
print(len(wrong), "of the", len(shapes), "kernels are wrong")
""",
    ),
)
