"""Whether zeros beyond the border count in a mean."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.edits import edited, in_blocks
from resnet_duet.experiments.nets import at_even_size, at_odd_size
from resnet_duet.experiments.use import Use
from resnet_spec import Plan
from resnet_spec.layers import AvgPool, Block


def zeros_count(plan: Plan) -> Plan:
    """Zeros stand below and right of every strided mean, and count."""

    def block(block: Block) -> Block:
        match block.shortcut:
            case (AvgPool(stride=2) as pool, *rest):
                return replace(block, shortcut=(replace(pool, zeros_count=True), *rest))
        return block

    return in_blocks(plan, block)


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use) and (wrong := edited(world, zeros_count)):
        what = "zeros beyond the border count in the means of the shortcuts"
        mend = "AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)"
        yield Mistake(what, wrong, f'{mend}; AveragePooling2D(2, 2, padding="same")')


DIFFERENCE = Difference(
    name="average_pool_border",
    group=Group.POOLING,
    title="ResNet-D's mean over 2x2 pixels, where half of them lie beyond the border",
    about=(
        "ResNet-D's shortcut takes the mean over 2x2 pixels before its 1x1 convolution. Where a map"
        " has an odd size the last window hangs over the edge. timm, whose weights most people"
        " have, divides by the pixels that are there: AvgPool2d with ceil_mode=True and"
        ' count_include_pad=False, or AveragePooling2D(padding="same"), which leaves its own border'
        " out of the mean. Whoever pads with zeros first and then takes plain means divides by four"
        " all the same, and the last row and column come out at half their size. At 224x224 every"
        " map is even down to the last stage, so that nothing is seen until somebody uses another"
        " size, as detectors do."
    ),
    torch="nn.AvgPool2d(2, stride=2, ceil_mode=True, count_include_pad=False)",
    keras='layers.AveragePooling2D(2, strides=2, padding="same")',
    wrong=(
        "x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)\n"
        "x = layers.AveragePooling2D(2, strides=2)(x)"
    ),
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_odd_size("resnet18d"),
    hidden=(
        Hidden(
            "every map that is strided over has an even size", lambda: at_even_size("resnet18d")
        ),
    ),
    check=(
        "Use an image size at which a map is odd before a stride of a ResNet-D, and compare"
        " outputs; a map of ones through the pool alone has to stay a map of ones. At 224x224 every"
        " map is even down to the last stage, and nothing shows."
    ),
    exercise=Exercise(
        task=(
            "Average a 3x3 map of ones over 2x2 pixels with stride 2 in four ways: `AvgPool2d(2,"
            " 2, ceil_mode=True)` with `count_include_pad` True and False, Keras'"
            ' `AveragePooling2D(2, 2, padding="same")`, and Keras\' zero padding below and right'
            " before a pool without padding. Write down all four outputs first. One of them is not"
            " what its argument promises: why?"
        ),
        solution="""\
import numpy as np
import torch
from keras import layers

ones = np.ones((1, 3, 3, 1))
x = torch.from_numpy(ones[..., 0])
included = torch.nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=True)(x)[0].tolist()
left_out = torch.nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)(x)[0].tolist()
same = layers.AveragePooling2D(2, 2, padding="same", dtype="float64")(ones)
padded = layers.ZeroPadding2D(((0, 1), (0, 1)), dtype="float64")(ones)
zeros = layers.AveragePooling2D(2, 2, dtype="float64")(padded).numpy()[0, :, :, 0].tolist()

full = [[1, 1], [1, 1]]
assert left_out == same.numpy()[0, :, :, 0].tolist() == full
# count_include_pad is about padding=, and there is none; what ceil_mode adds never counts.
assert included == full
# Zeros that stand in the map are pixels like others: half a window, and a quarter in the corner.
assert zeros == [[1, 0.5], [0.5, 0.25]]
print("zeros that count:", zeros)
""",
    ),
)
