"""What a strided shortcut makes of four pixels."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.edits import edited, in_blocks
from resnet_duet.experiments.nets import at_even_size, at_tiny_size
from resnet_duet.experiments.use import Use
from resnet_spec import Plan, ShortcutStride, StemPool
from resnet_spec.layers import AvgPool, Block, Conv, MaxPool


def averaged(plan: Plan) -> Plan:
    """A mean over 2x2 pixels strides in every shortcut: ResNet-D."""

    def block(block: Block) -> Block:
        pool = AvgPool(f"{block.name}.downsample.pool", stride=2, zeros_count=False)
        match block.shortcut:
            case (Conv(stride=2) as conv, *rest):
                return replace(block, shortcut=(pool, replace(conv, stride=1), *rest))
            case (MaxPool(stride=2), *rest):
                return replace(block, shortcut=(pool, *rest))
        return block

    return in_blocks(plan, block)


def thinned(plan: Plan) -> Plan:
    """Every shortcut that strides takes one pixel of four, as a strided 1x1 convolution does."""

    def block(block: Block) -> Block:
        match block.shortcut:
            case (AvgPool(name=name, stride=2), *rest):
                pool = MaxPool(name, kernel=1, stride=2, border=StemPool.NONE)
                return replace(block, shortcut=(pool, *rest))
        return block

    return in_blocks(plan, block)


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    if world.spec.shortcut.stride_by is ShortcutStride.AVG_POOL:
        if wrong := edited(world, thinned):
            mend = "AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False), then the 1x1"
            yield Mistake("strided shortcuts take one pixel of four, not their mean", wrong, mend)
    elif wrong := edited(world, averaged):
        mend = "stride=2 in the 1x1 convolution of the shortcut, and no pool"
        yield Mistake("strided shortcuts take the mean of four pixels, not one", wrong, mend)


DIFFERENCE = Difference(
    name="shortcut_pool",
    group=Group.ARCHITECTURE,
    title="a strided shortcut: one pixel of four, or the mean of the four (ResNet-D)",
    about=(
        "Where a block strides, the shortcut beside it has to stride as well. The paper's 1x1"
        " convolution with stride 2 reads one pixel of four and never sees the others. *Bag of"
        " Tricks* put a mean over 2x2 pixels in front of a 1x1 convolution without a stride, and"
        " called that ResNet-D. A pool has no arrays, so that weights of one load into the other"
        " wherever names are given by hand or layers are counted. timm's names tell them apart,"
        " since its pool has a place of its own in the Sequential of the shortcut. It is easily"
        " overlooked when a family of networks is ported: the pool is one line more."
    ),
    torch="nn.Conv2d(64, 128, 1, stride=2)  # one pixel of four",
    keras=(
        'x = layers.AveragePooling2D(2, strides=2, padding="same")(x)  # ResNet-D\n'
        "x = layers.Conv2D(128, 1)(x)"
    ),
    wrong="x = layers.Conv2D(128, 1, strides=2)(x)  # with weights of a ResNet-D",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18d"),
    hidden=(
        Hidden(
            "one pixel is left of the map where it is strided over",
            lambda: at_tiny_size("resnet18d"),
        ),
    ),
    check=(
        "Compare outputs on random images, or the shortcut alone on a 2x2 map whose four pixels"
        " differ. No array tells, and shapes are the same; an image on which each 2x2 block is one"
        " colour, or of which one pixel is left, hides it."
    ),
    exercise=Exercise(
        task=(
            "Both kinds of shortcut are convolutions with a 2x2 kernel and stride 2. Write down"
            " the two kernels for a 1x1 kernel W, and prove it on a random map. Then construct a"
            " random map on which the two shortcuts agree for every W."
        ),
        solution="""\
import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(0)
x = torch.from_numpy(rng.standard_normal((1, 3, 6, 6)))
w = torch.from_numpy(rng.standard_normal((5, 3, 1, 1)))


def plain(x):
    return F.conv2d(x, w, stride=2)


def resnet_d(x):
    return F.conv2d(F.avg_pool2d(x, 2), w)


mean = w.expand(5, 3, 2, 2) / 4  # a quarter of W in all four places
corner = F.pad(w, (0, 1, 0, 1))  # W above left, and zeros
torch.testing.assert_close(F.conv2d(x, mean, stride=2), resnet_d(x))
torch.testing.assert_close(F.conv2d(x, corner, stride=2), plain(x))
assert not torch.allclose(plain(x), resnet_d(x))

# The mean of four equal pixels is any of them.
blocks = x[..., :3, :3].repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
torch.testing.assert_close(plain(blocks), resnet_d(blocks))
print("the same on a map that was enlarged by repeating pixels")
""",
    ),
)
