"""What a strided shortcut makes of four pixels."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
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
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18d"),
    hidden=(
        Hidden(
            "one pixel is left of the map where it is strided over",
            lambda: at_tiny_size("resnet18d"),
        ),
    ),
)
