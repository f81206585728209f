"""Zeros on all sides of a strided convolution, or on two."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size, at_odd_size
from resnet_duet.experiments.use import Use, amended
from resnet_spec import Padding, StemPool

MENDS = {
    Padding.SYMMETRIC: 'ZeroPadding2D(1), then Conv2D(64, 3, strides=2, padding="valid")',
    Padding.SAME: "F.pad(x, (0, 1, 0, 1)), then Conv2d(64, 64, 3, stride=2, padding=0)",
}
POOLS = {Padding.SYMMETRIC: StemPool.MINUS_INFINITY, Padding.SAME: StemPool.SAME}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    right = world.spec.padding
    (padding,) = set(Padding) - {right}
    if wrong := amended(world, {"padding": padding}):
        what = f"strided convolutions have {padding} padding, not {right}"
        yield Mistake(what, wrong, MENDS[right])
    both = amended(world, {"padding": padding, "stem.pool": POOLS[padding]})
    if both and world.spec.stem.pool not in (StemPool.NONE, POOLS[padding]):
        # Who writes "same" once, writes it everywhere.
        what = f"strided convolutions and the pool have {padding} padding, not {right}"
        yield Mistake(what, both, MENDS[right])


DIFFERENCE = Difference(
    name="same_convolution",
    group=Group.PADDING,
    title='zeros around a strided convolution: on all sides, or by TensorFlow\'s "same"',
    about=(
        "A 3x3 convolution with stride 2 over 32 pixels needs one pixel beyond the border."
        " PyTorch's padding=1 puts zeros on all sides and reads rows 0, 2, 4 ... of them."
        ' TensorFlow\'s padding="same" adds no more than is needed, and the odd one goes right and'
        " below, so that every window lies one pixel further. Maps have the same size, nothing"
        " warns, and the outputs are those of an image shifted by a pixel, then again in every"
        " stage: an error of a quarter of the largest output, and yet 898 of 1,000 images right,"
        " instead of 934, in a ResNet-20 trained for CIFAR-10. At stride 1, and at stride 2 where a"
        " map's size is odd, the two rules pad alike, so a test at 65x65 or 225x225 finds nothing,"
        " and one at 224x224 does. A network keeps the rule it was trained with; the other"
        " framework has to follow."
    ),
    torch="nn.Conv2d(64, 128, 3, stride=2, padding=1)",
    keras=(
        'x = layers.ZeroPadding2D(1)(x)\nx = layers.Conv2D(128, 3, strides=2, padding="valid")(x)'
    ),
    wrong='x = layers.Conv2D(128, 3, strides=2, padding="same")(x)',
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(
        Hidden("every map that is strided over has an odd size", lambda: at_odd_size("resnet18")),
    ),
)
