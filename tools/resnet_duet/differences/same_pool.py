"""The stem's pool with a border on all sides, or on two."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
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
        ' writes "same" once, writes it everywhere. Alone, this one costs as much as all the'
        " convolutions together, since it stands before everything else. At odd sizes it is"
        " nothing. 224 is halved to 112 before it comes to the pool, which is even."
    ),
    torch="nn.MaxPool2d(3, stride=2, padding=1)",
    keras=(
        "x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-math.inf)\n"
        "x = layers.MaxPooling2D(3, strides=2)(x)"
    ),
    wrong='x = layers.MaxPooling2D(3, strides=2, padding="same")(x)',
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the pool's map has an odd size", lambda: at_odd_size("resnet18")),),
)
