"""Height before width, or width before height, of kernels."""

from collections.abc import Iterator

import numpy as np

from resnet_duet.differences.image_sides import symmetric
from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
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
        " H, I, O): of the right shape, since kernels are square, and with every kernel turned"
        " over its diagonal. It is the classic mistake of conversion scripts, because it is right"
        " for the classifier, whose kernel has two axes. The network still recognises something,"
        " as blobs are blobs. A test on an image of ones does not see it at all."
    ),
    torch="conv.weight  # (O, I, H, W)",
    keras="layer.kernel.assign(kernel.transpose(2, 3, 1, 0))  # (H, W, I, O)",
    wrong="layer.kernel.assign(kernel.transpose(3, 2, 1, 0))  # (W, H, I, O)",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(
        Hidden(
            "the images are symmetric about their diagonal, and a classifier sees means only",
            symmetric,
        ),
    ),
    check=(
        "Give the networks random kernels and images of random numbers, and compare outputs in"
        " float64. Shapes do not tell, and images that are constant, or symmetric about their"
        " diagonal, hide it; the count of correct images only suffers."
    ),
    exercise=Exercise(
        task=(
            "Find an image of one channel and 3x3 pixels for which a 3x3 convolution without"
            " padding gives `k[0, 2]` of its kernel k when the kernel was carried over rightly, and"
            " `k[2, 0]` when all four axes were reversed. Then say for which 3x3 images both give"
            " the same, whatever the kernel, and try one."
        ),
        solution="""\
import numpy as np
from keras import ops

kernel = np.random.default_rng(0).standard_normal((1, 1, 3, 3))  # OIHW


def run(image, axes):
    return float(ops.conv(image.reshape(1, 3, 3, 1), kernel.transpose(axes))[0, 0, 0, 0])


RIGHT, REVERSED = (2, 3, 1, 0), (3, 2, 1, 0)
corner = np.zeros((3, 3))
corner[0, 2] = 1.0  # one pixel reads one number of the kernel
assert run(corner, RIGHT) == kernel[0, 0, 0, 2]
assert run(corner, REVERSED) == kernel[0, 0, 2, 0]

# Sums over k[i, j] * x[i, j] and k[j, i] * x[i, j] are one for every k if x[i, j] == x[j, i].
symmetric = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]])
np.testing.assert_allclose(run(symmetric, RIGHT), run(symmetric, REVERSED), rtol=1e-12)
print("a symmetric image tells nothing:", run(symmetric, RIGHT), run(symmetric, REVERSED))
""",
    ),
)
