"""Operations of a file -> layer kinds of a plan, with the padding that precedes them.

Each function returns the layer that computes exactly the same, or `Foreign`.
"""

from resnet_duet.graphs.normal_form import DECAY
from resnet_duet.graphs.operations import (
    NO_PADS,
    AveragePooling,
    BatchNorm,
    Convolution,
    Foreign,
    FullyConnected,
    Kind,
    MaxPooling,
    Pad,
    Pads,
    Same,
    Subsample,
)
from resnet_spec.choices import Padding, PoolPadding
from resnet_spec.layers import AvgPool, Conv, Dense, Layer, MaxPool, Norm, Role

INFINITY = float("inf")


def convolution(kind: Convolution, pad: Pad | None) -> Layer | Foreign:
    """A convolution after a padding layer, or after none."""
    height, width = kind.kernel.size("H"), kind.kernel.size("W")
    if height != width or height % 2 == 0:
        return Foreign(f"convolution with a {height}x{width} kernel", "a square, odd kernel")
    if len({*kind.strides}) > 1 or len({*kind.dilations}) > 1:
        text = f"convolution with strides {kind.strides} and dilations {kind.dilations}"
        return Foreign(text, "the same in height and width")
    out, groups = kind.kernel.size("O"), kind.groups
    dilation = kind.dilations[0]
    if isinstance(kind.pads, Same):
        if pad is not None and pad.pads != NO_PADS:
            return Foreign("padding before a convolution with `same` padding")
        padding = Padding.SAME
    else:
        pads = kind.pads
        if pad is not None:
            if pad.value != 0:
                return Foreign(f"convolution of a map padded with {pad.value}", "zeros")
            pads = added(pads, pad.pads)
        expected = dilation * (height - 1) // 2
        if pads != Pads(expected, expected, expected, expected):
            text = f"{height}x{width} convolution with padding {tuple(pads)}"
            return Foreign(text, f"{expected} on every edge, or TensorFlow's `same`")
        padding = Padding.SYMMETRIC
    in_channels = kind.kernel.size("I") * groups
    has_bias = kind.bias is not None
    return Conv("", in_channels, out, height, kind.strides[0], dilation, groups, padding, has_bias)


def norm(kind: BatchNorm) -> Layer:
    """A batch normalisation."""
    return Norm("", kind.weights[Role.MEAN].size("C"), kind.eps, DECAY)


def max_pool(kind: MaxPooling, pad: Pad | None) -> Layer | Foreign:
    """A max-pool after a padding layer, or after none."""
    size, stride = kind.kernel[0], kind.strides[0]
    text = f"max-pool of {kind.kernel[0]}x{kind.kernel[1]}, strides {kind.strides}"
    if kind.kernel != (size, size) or kind.strides != (stride, stride):
        return Foreign(text, "the same in height and width")
    padding = pool_padding(kind, pad)
    if padding is None:
        pads = kind.pads if pad is None else pad.pads
        return Foreign(f"{text}, padding {pads}", f"{(size - 1) // 2} on every edge, or `same`")
    return MaxPool("", size, stride, padding)


def pool_padding(kind: MaxPooling, pad: Pad | None) -> PoolPadding | None:
    """The rule by which a max-pool is padded; None if it is none of the family's."""
    around = (kind.kernel[0] - 1) // 2
    every_edge = Pads(around, around, around, around)
    if isinstance(kind.pads, Same):
        return PoolPadding.SAME if pad is None else None
    if pad is None:
        rules = {every_edge: PoolPadding.MINUS_INFINITY, NO_PADS: PoolPadding.NONE}
        return PoolPadding.NONE if kind.pads == NO_PADS else rules.get(kind.pads)
    if pad.value == -INFINITY and added(kind.pads, pad.pads) == every_edge:
        return PoolPadding.MINUS_INFINITY
    is_zero = pad.value == 0 and kind.pads == NO_PADS and pad.pads == every_edge
    return PoolPadding.ZERO if is_zero else None


def average_pool(kind: AveragePooling, pad: Pad | None) -> Layer | Foreign:
    """The 2x2 average pool of a ResNet-D shortcut, or one that keeps every n-th pixel."""
    stride = kind.strides[0]
    after = Pads(0, 1, 0, 1)
    if kind.kernel == (1, 1) and kind.strides == (stride, stride) and pad is None:
        if kind.pads in (NO_PADS, Same()):
            return MaxPool("", 1, stride, PoolPadding.NONE)
    elif kind.kernel == (2, 2) and kind.strides in ((1, 1), (2, 2)):
        if pad is None and isinstance(kind.pads, Same) and not kind.count_include_pad:
            return AvgPool("", stride, count_include_pad=False)
        if pad is None and kind.pads == NO_PADS and kind.ceil_mode and stride == 2:
            return AvgPool("", stride, count_include_pad=False)
        if pad is None and kind.pads == after and not kind.ceil_mode:
            return AvgPool("", stride, kind.count_include_pad)
        zeros = pad is not None and pad.value == 0 and pad.pads == after
        if zeros and kind.pads == NO_PADS and not kind.ceil_mode:
            return AvgPool("", stride, count_include_pad=True)
    text = f"average pool of {kind.kernel[0]}x{kind.kernel[1]}, strides {kind.strides}"
    rounding = "ceil" if kind.ceil_mode else "floor"
    return Foreign(f"{text}, padding {kind.pads}, sizes rounded by {rounding}")


def subsample(kind: Subsample) -> Layer | Foreign:
    """A slice that keeps every n-th pixel."""
    rows, columns = kind.strides
    if rows != columns:
        return Foreign(f"slice with steps {kind.strides}", "the same in height and width")
    return MaxPool("", 1, rows, PoolPadding.NONE)


def dense(kind: FullyConnected) -> Layer:
    """A fully connected layer."""
    return Dense("", kind.kernel.size("I"), kind.kernel.size("O"))


def added(a: Pads, b: Pads) -> Pads:
    """Both paddings together."""
    return Pads(*(x + y for x, y in zip(a, b, strict=True)))


def describe(kind: Kind) -> str:
    """An operation in a few words, for messages."""
    match kind:
        case Foreign(text):
            return text
        case Convolution():
            height, width = kind.kernel.size("H"), kind.kernel.size("W")
            return f"{height}x{width} convolution, strides {kind.strides}"
        case _:
            return type(kind).__name__
