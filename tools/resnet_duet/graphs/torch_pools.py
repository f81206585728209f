"""PyTorch's pools and activations, as kinds of operations."""

from collections.abc import Sequence

from resnet_duet.graphs.operations import (
    AveragePooling,
    GlobalAverage,
    MaxPooling,
    Rectifier,
    Softmax,
)
from resnet_duet.graphs.torch_layers import Sizes, feature_map, pair, symmetric
from resnet_duet.graphs.torch_values import Made, Map, UnknownCallError, Value


def max_pool2d(
    self: Value,
    kernel_size: Sizes,
    stride: Sizes = (),
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> Made:
    """`max_pool2d` and `max_pool2d_with_indices`."""
    if pair(dilation) != (1, 1):
        raise UnknownCallError(f"MaxPool2d(dilation={dilation})", "dilation 1")
    if ceil_mode:
        raise UnknownCallError("MaxPool2d(ceil_mode=True)", "ceil_mode=False")
    window = pair(kernel_size)
    steps = window if stride == () or stride == [] else pair(stride)
    return Made(MaxPooling(window, steps, symmetric(padding)), (feature_map(self, 4),))


def avg_pool2d(
    self: Value,
    kernel_size: Sizes,
    stride: Sizes = (),
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Made:
    """`avg_pool2d`. Whether its window is the whole map is decided later, at all image sizes."""
    window = pair(kernel_size)
    cuts = ceil_mode or pair(padding) != (0, 0)  # windows of fewer pixels, with the same divisor
    area = window[0] * window[1]
    if divisor_override is not None and (cuts or divisor_override != area):
        raise UnknownCallError(f"AvgPool2d(divisor_override={divisor_override})")
    steps = window if stride == () or stride == [] else pair(stride)
    kind = AveragePooling(window, steps, symmetric(padding), count_include_pad, ceil_mode)
    return Made(kind, (feature_map(self, 4),))


def adaptive_avg_pool2d(self: Value, output_size: Sizes) -> Made:
    """`adaptive_avg_pool2d`, to one pixel."""
    if pair(output_size) != (1, 1):
        raise UnknownCallError(f"AdaptiveAvgPool2d({output_size})", "AdaptiveAvgPool2d(1)")
    return Made(GlobalAverage(), (feature_map(self, 4),))


def mean(
    self: Value, dim: Sequence[int] | None, keepdim: bool = False, dtype: object = None
) -> Made:
    """`mean`, over height and width."""
    image = feature_map(self, 4)
    if dim is None or sorted(axis % 4 for axis in dim) != [2, 3] or dtype is not None:
        raise UnknownCallError(f"the mean over the axes {dim}", "the mean over height and width")
    return Made(GlobalAverage(), (image,))


def relu(self: Value) -> Made:
    """`relu`."""
    if not isinstance(self, Map):
        raise UnknownCallError("ReLU of an array")
    return Made(Rectifier(), (self,))


def clamp_min(self: Value, min: float) -> Made:
    """`clamp_min`, which is ReLU for 0."""
    return clamp(self, min)


def clamp(self: Value, min: float | None = None, max: float | None = None) -> Made:
    """`clamp`, which is ReLU from 0 to infinity."""
    if min != 0 or max not in (None, float("inf")):
        raise UnknownCallError(f"clamp from {min} to {max}", "ReLU")
    return relu(self)


def hardtanh(self: Value, min_val: float = -1, max_val: float = 1) -> Made:
    """`hardtanh`, which is ReLU from 0 to infinity, and ReLU6 from 0 to 6."""
    if (min_val, max_val) == (0, 6):
        raise UnknownCallError("ReLU6", "ReLU")
    if (min_val, max_val) != (0, float("inf")):
        raise UnknownCallError(f"Hardtanh({min_val:g}, {max_val:g})", "ReLU")
    return relu(self)


def leaky_relu(self: Value, negative_slope: float = 0.01) -> Made:
    """`leaky_relu`, which no ResNet has."""
    raise UnknownCallError(f"LeakyReLU({negative_slope:g})", "ReLU")


def threshold(self: Value, threshold: float, value: float) -> Made:
    """`threshold`, which is ReLU for zeros."""
    if threshold != 0 or value != 0:
        raise UnknownCallError(f"Threshold({threshold:g}, {value:g})", "ReLU")
    return relu(self)


def softmax(self: Value, dim: int, half_to_float: bool = False, dtype: object = None) -> Made:
    """`softmax` and `_softmax`, over the classes."""
    logits = feature_map(self, 2)
    if dim % 2 != 1 or half_to_float or dtype is not None:
        raise UnknownCallError(f"Softmax(dim={dim})", "the softmax over the classes")
    return Made(Softmax(), (logits,))
