"""PyTorch's operators that add, join, cut and reshape feature maps, as kinds of operations.

A function returns the value itself where the operator changes nothing.
"""

from collections.abc import Sequence
from math import inf, prod

from resnet_duet.graphs.operations import (
    NO_PADS,
    AddBias,
    Flatten,
    Identity,
    Pad,
    PadChannels,
    Pads,
    Subsample,
    Sum,
)
from resnet_duet.graphs.torch_layers import feature_map
from resnet_duet.graphs.torch_values import Made, Map, Stored, UnknownCallError, Value, Zeros
from resnet_duet.weights.arrays import Shape


def add(self: Value, other: Value | float, alpha: float = 1) -> Made:
    """`add`, of two feature maps of one shape, or of a feature map and one value per channel."""
    if alpha != 1:
        raise UnknownCallError(f"add(alpha={alpha:g})", "a sum")
    match self, other:
        case Map(), Map():
            if self.shape != other.shape:
                raise UnknownCallError(f"the sum of {self.shape} and {other.shape}", "equal shapes")
            return Made(Sum(), (self, other))
        case (Map() as image, Stored() as bias) | (Stored() as bias, Map() as image):
            return Made(AddBias(bias.weight(_bias_axes(bias, image))), (image,))
    raise UnknownCallError("a sum with a number, or with a computed array", "a sum of feature maps")


def _bias_axes(bias: Stored, image: Map) -> str:
    """The axis letters of an array that has one value for each channel."""
    channels = image.shape[1]
    after = (1,) * (len(image.shape) - 2)
    if bias.shape == bias.file_shape and channels > 1:
        if bias.shape == (channels, *after):
            return "O" + "1" * len(after)
        if bias.shape == (1, channels, *after):
            return "1O" + "1" * len(after)
    raise UnknownCallError(f"a sum with {bias.name} of shape {bias.shape}", "one value per channel")


def mul(self: Value, other: Value | float) -> Value:
    """`mul`, by zero: option A makes its channels of zeros in this way."""
    if isinstance(self, Map) and isinstance(other, int | float) and other == 0:
        return Zeros(self.shape)
    raise UnknownCallError("mul", "a sum")


def cat(tensors: Sequence[Value], dim: int = 0) -> Made:
    """`cat`, of a feature map and channels of zeros."""
    maps = [value for value in tensors if isinstance(value, Map)]
    if len(maps) != 1 or not all(isinstance(value, Map | Zeros) for value in tensors):
        raise UnknownCallError("cat", "a sum")
    (image,) = maps
    if dim % len(image.shape) != 1:
        raise UnknownCallError(f"cat with zeros along axis {dim}", "zeros along the channels")
    place = tensors.index(image)
    before, after = (
        sum(value.shape[1] for value in zeros if isinstance(value, Zeros))
        for zeros in (tensors[:place], tensors[place + 1 :])
    )
    return Made(PadChannels(before, after), (feature_map(image, 4),))


def constant_pad_nd(self: Value, pad: Sequence[int], value: float = 0) -> Made | Value:
    """`constant_pad_nd`, of rows, columns or channels. Its pairs begin with the last axis."""
    image = feature_map(self, 4)
    amounts = [*pad, *[0] * (8 - len(pad))]
    left, right, top, bottom, before, after, *batch = amounts
    if min(amounts) < 0 or any(batch):
        raise UnknownCallError(f"pad({list(pad)})")
    pads = Pads(top, bottom, left, right)
    if not any(amounts):
        return image
    if (before or after) and pads == NO_PADS and value == 0:
        return Made(PadChannels(before, after), (image,))
    if before or after or value not in (0, -inf):
        raise UnknownCallError(f"pad({list(pad)}, value={value:g})", "zeros")
    return Made(Pad(pads, float(value)), (image,))


def pad(
    self: Value, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Made | Value:
    """`pad`, with a constant."""
    if mode != "constant":
        raise UnknownCallError(f"pad(mode={mode!r})", "zeros")
    return constant_pad_nd(self, pad, value or 0)


def slice_axis(
    self: Value, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Made | Value:
    """`slice`: everything along an axis, or every n-th row or column."""
    image = feature_map(self, 4)
    size, axis = image.shape[dim % 4], dim % 4
    if start not in (0, None) or not (end is None or end >= size):
        raise UnknownCallError(f"the slice {start}:{end}:{step} of axis {axis}", "every n-th pixel")
    if step == 1:
        return image
    if axis < 2:
        raise UnknownCallError(
            f"a slice of axis {axis} with step {step}", "every n-th row and column"
        )
    strides = (step, 1) if axis == 2 else (1, step)
    return Made(Subsample(strides), (image,))


def transposed(self: Value, dims: Sequence[int] = (1, 0)) -> Value:
    """`t` and `permute`, of a matrix."""
    if isinstance(self, Stored) and [d % 2 for d in dims] == [1, 0] and len(self.shape) == 2:
        return Stored(self.name, self.file_shape, self.shape[::-1], not self.transposed)
    raise UnknownCallError("permute", "feature maps (N, C, H, W)")


def transpose(self: Value, dim0: int, dim1: int) -> Value:
    """`transpose`, of a matrix."""
    return transposed(self, (dim1, dim0) if (dim0 % 2, dim1 % 2) == (0, 1) else (dim0, dim1))


def identity(self: Value, reason: str) -> Made | Value:
    """A module that returns its input."""
    return Made(Identity(reason), (self,)) if isinstance(self, Map) else self


def reshaped(value: Value, shape: Shape) -> Made | Value:
    """`view`, `reshape`, `flatten`, `squeeze`, `unsqueeze`: the output has this shape."""
    if isinstance(value, Zeros):
        return Zeros(shape)
    if isinstance(value, Stored):
        raise UnknownCallError(f"a reshaped {value.name}")
    if shape == value.shape:
        return value
    if shape == (value.shape[0], prod(value.shape[1:])) and len(value.shape) == 4:
        return Made(Flatten(), (value,))
    if value.shape[:2] == shape[:2] and prod(value.shape[2:]) == prod(shape[2:]) == 1:
        return Made(Flatten() if len(shape) == 2 else Identity("reshape"), (value,))
    raise UnknownCallError(f"a reshape of {value.shape} to {shape}", "a flatten")
