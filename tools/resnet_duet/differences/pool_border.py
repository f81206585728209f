"""What stands beyond the border of the stem's pool."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, amended
from resnet_spec import StemPool

OTHER = {
    StemPool.MINUS_INFINITY: StemPool.ZERO,
    StemPool.ZERO: StemPool.MINUS_INFINITY,
}
MENDS = {
    StemPool.MINUS_INFINITY: "x = ops.pad(x, sides, constant_values=-inf), then MaxPooling2D(3, 2)",
    StemPool.ZERO: "nn.ZeroPad2d(1), then nn.MaxPool2d(3, 2)",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use) or world.spec.stem.pool not in OTHER:
        return
    right = world.spec.stem.pool
    if wrong := amended(world, {"stem": {"pool": OTHER[right]}}):
        what = f"the stem's pool has border {OTHER[right]}, not {right}"
        yield Mistake(what, wrong, MENDS[right])


DIFFERENCE = Difference(
    name="pool_border",
    group=Group.POOLING,
    title="beyond the border of a max-pool: minus infinity in PyTorch, zero in keras.applications",
    about=(
        "PyTorch's MaxPool2d(padding=1) pads with minus infinity, which never is the maximum."
        " keras.applications puts a ZeroPadding2D before a pool without padding, and then a zero is"
        " the maximum wherever all pixels of a window are negative. Behind a ReLU no pixel is, and"
        " the two are the same function, so that nobody who converts a ResNet-50 ever sees a"
        " difference. In a pre-activation network, ResNet50V2 for one, the pool stands right behind"
        " the convolution, half of its numbers are negative, and pixels along the border come out"
        " otherwise: a small error at 224x224, a larger one in small images, which have more"
        " border. Some optimisers of graphs make the same mistake, when they merge a padding into"
        " the pool behind it."
    ),
    torch="nn.MaxPool2d(3, stride=2, padding=1)  # minus infinity",
    keras=(
        "x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-math.inf)\n"
        "x = layers.MaxPooling2D(3, strides=2)(x)"
    ),
    wrong="x = layers.ZeroPadding2D(1)(x)\nx = layers.MaxPooling2D(3, strides=2)(x)",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("preresnet18"),
    hidden=(Hidden("the pool stands behind a ReLU", lambda: at_even_size("resnet18")),),
    check=(
        "Give the pool a map with negative numbers along its border, or compare outputs of a"
        " pre-activation network, in which no ReLU stands before the pool. In any network whose"
        " pool stands behind a ReLU the two are one function, and no image will tell."
    ),
    exercise=Exercise(
        task=(
            "A 3x3 max-pool with stride 2 and a border of one pixel reads a map of 4x4 pixels that"
            " are all -1. Which of its four outputs does a border of zeros change, and why not all?"
            " Predict it, and the same for 5x5 pixels, then run `nn.MaxPool2d(3, 2, padding=1)`"
            " against `ZeroPadding2D(1)` and `MaxPooling2D(3, 2)`."
        ),
        solution="""\
import numpy as np
import torch
from keras import layers


def changed(size):
    x = -np.ones((1, size, size, 1))
    right = torch.nn.MaxPool2d(3, 2, padding=1)(torch.from_numpy(x[..., 0]))[0].numpy()
    padded = layers.ZeroPadding2D(1, dtype="float64")(x)
    wrong = layers.MaxPooling2D(3, 2, dtype="float64")(padded).numpy()[0, :, :, 0]
    assert (right == -1).all()  # minus infinity is never the maximum
    return (wrong != right).astype(int).tolist()


# An even map ends with its last window: nobody reads the border below and on the right.
assert changed(4) == [[1, 1], [1, 0]]
assert changed(5) == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
print("4x4:", changed(4))
print("5x5:", changed(5))
""",
    ),
)
