"""The shape (N, H, W, C) of what an operation of a Keras network computes."""

from math import prod

from resnet_duet.graphs.keras_tree import Shape
from resnet_duet.graphs.operations import (
    AnyPads,
    AveragePooling,
    Convolution,
    Flatten,
    FullyConnected,
    GlobalAverage,
    Kind,
    MaxPooling,
    Pad,
    PadChannels,
    Pads,
    Pair,
    Subsample,
)


def shape_after(kind: Kind, shape: Shape) -> Shape:
    """The shape of an operation's output.

    Args:
        kind: the operation.
        shape: of its input; () if it is not known.

    Returns:
        The shape; () if it is not known.
    """
    if not shape:
        return ()
    match kind:
        case Convolution():
            size = (kind.kernel.size("H"), kind.kernel.size("W"))
            h, w = _windows(shape, size, kind.strides, kind.dilations, kind.pads)
            return (shape[0], h, w, kind.kernel.size("O"))
        case MaxPooling() | AveragePooling():
            h, w = _windows(shape, kind.kernel, kind.strides, (1, 1), kind.pads)
            return (shape[0], h, w, shape[3])
        case Pad():
            h = _plus(shape[1], kind.pads.top + kind.pads.bottom)
            w = _plus(shape[2], kind.pads.left + kind.pads.right)
            return (shape[0], h, w, shape[3])
        case PadChannels():
            return (*shape[:3], _plus(shape[3], kind.before + kind.after))
        case Subsample():
            h, w = (_over(n, s) for n, s in zip(shape[1:3], kind.strides, strict=True))
            return (shape[0], h, w, shape[3])
        case GlobalAverage():
            return (shape[0], 1, 1, shape[3])
        case Flatten():
            return (shape[0], _product(shape[1:]))
        case FullyConnected():
            return (shape[0], kind.kernel.size("O"))
    return shape


def _windows(
    shape: Shape, kernel: Pair, strides: Pair, dilations: Pair, pads: AnyPads
) -> tuple[int | None, int | None]:
    """Height and width after a convolution or a pool."""
    sizes: list[int | None] = []
    for axis in (0, 1):
        size, stride = shape[1 + axis], strides[axis]
        if isinstance(pads, Pads):
            reach = dilations[axis] * (kernel[axis] - 1)
            size = _plus(size, pads[2 * axis] + pads[2 * axis + 1] - reach)
        sizes.append(_over(size, stride))
    return sizes[0], sizes[1]


def _plus(size: int | None, more: int) -> int | None:
    return None if size is None else size + more


def _over(size: int | None, stride: int) -> int | None:
    return None if size is None else -(-size // stride)


def _product(sizes: Shape) -> int | None:
    known = [size for size in sizes if size is not None]
    return prod(known) if len(known) == len(sizes) else None
