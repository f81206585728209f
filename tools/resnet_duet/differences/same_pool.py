"""The stem's pool with a border on all sides, or on two."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size, at_odd_size
from resnet_duet.experiments.use import Use, amended
from resnet_spec import StemPool

ALL_SIDES = (StemPool.MINUS_INFINITY, StemPool.ZERO)
MENDS = {
    StemPool.MINUS_INFINITY: "x = ops.pad(x, sides, constant_values=-inf), then MaxPooling2D(3, 2)",
    StemPool.ZERO: "ZeroPadding2D(1), then MaxPooling2D(3, 2)",
    StemPool.SAME: "F.pad(x, (0, 1, 0, 1), value=-inf), then MaxPool2d(3, 2)",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    right = world.spec.stem.pool
    for pool in {StemPool.SAME: ALL_SIDES}.get(right, (StemPool.SAME,)):
        if right is not StemPool.NONE and (wrong := amended(world, {"stem": {"pool": pool}})):
            yield Mistake(f"the stem's pool has border {pool}, not {right}", wrong, MENDS[right])


DIFFERENCE = Difference(
    name="same_pool",
    group=Group.PADDING,
    title="the border of the stem's max-pool: on all sides, or by TensorFlow's \"same\"",
    about=(
        "The 3x3 max-pool with stride 2 behind the first convolution is padded by one pixel on all"
        ' sides in PyTorch, while MaxPooling2D(padding="same") pads right and below only, where the'
        " size is even. MaxPooling2D knows no other padding, so that a true copy of PyTorch's pool"
        " needs a line of its own in front, and many copies do without. As with strided"
        " convolutions all windows lie one pixel further, and the two mistakes come together: who"
        ' writes "same" once, writes it everywhere. Alone, this one moves everything, since it'
        " stands before all blocks. At odd sizes it is nothing. 224 is halved to 112 before it"
        " comes to the pool, which is even."
    ),
    torch="nn.MaxPool2d(3, stride=2, padding=1)",
    keras=(
        "x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-math.inf)\n"
        "x = layers.MaxPooling2D(3, strides=2)(x)"
    ),
    wrong='x = layers.MaxPooling2D(3, strides=2, padding="same")(x)',
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the pool's map has an odd size", lambda: at_odd_size("resnet18")),),
    check=(
        "Choose image sizes by what comes to the pool: its map has to be even at least in one"
        " direction. With 224x224 it is 112x112, so that outputs on random images differ; sizes of"
        " maps never do, and an odd map hides it."
    ),
    exercise=Exercise(
        task=(
            "A stem halves the image, rounding up, by a correct convolution, and a 3x3 max-pool"
            ' with stride 2 and `"same"` follows where PyTorch\'s `padding=1` was meant. By which'
            " remainder of the image's size divided by 4 does the mistake hide? Predict it for the"
            " sizes 224 to 227, then run both pools on random rows of that half size."
        ),
        solution="""\
import numpy as np
import torch
from keras import ops

rng = np.random.default_rng(0)
hidden = []
for size in range(224, 228):
    row = rng.standard_normal((size + 1) // 2)
    right = torch.nn.functional.max_pool1d(torch.from_numpy(row)[None], 3, 2, padding=1)[0]
    wrong = ops.max_pool(row[None, :, None], 3, 2, padding="same").numpy()[0, :, 0]
    assert len(right) == len(wrong)  # the shape never tells
    if np.array_equal(right, wrong):
        hidden.append(size)

# The pool's map is odd where the size leaves 1 or 2: an even size may hide the mistake as well.
assert hidden == [225, 226]
print("hidden at", hidden)
""",
    ),
)
