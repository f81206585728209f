"""A PyTorch module for each layer kind. Counterpart, case by case: resnet_tf/layers.py.

Tensors are (N, C, H, W). A comment explains a difference between the frameworks.
"""

import torch
from torch import nn
from torch.nn import functional as F

from resnet_spec.choices import Padding, PoolPadding
from resnet_spec.layers import (
    AvgPool,
    Conv,
    Dense,
    GlobalAvgPool,
    Layer,
    MaxPool,
    Norm,
    Relu,
    ZeroPadChannels,
)

INFINITY = float("inf")


def build_layer(layer: Layer) -> nn.Module:
    """The module of a layer. `initialise` sets the weights of its convolutions afterwards."""
    match layer:
        case Conv():
            return conv(layer)
        case Norm():
            # PyTorch's momentum is the share of the new batch, Keras' that of the old statistics.
            return nn.BatchNorm2d(layer.channels, eps=layer.eps, momentum=layer.torch_momentum)
        case Relu():
            # In place saves memory, but overwrites x, which a shortcut may still need.
            return nn.ReLU(inplace=layer.inplace_ok)
        case MaxPool():
            return max_pool(layer)
        case AvgPool():
            return avg_pool(layer)
        case ZeroPadChannels():
            # ZeroPad3d takes pairs from the last axis backwards: W, H, C.
            return nn.ZeroPad3d((0, 0, 0, 0, layer.before, layer.after))
        case GlobalAvgPool():
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        case Dense():
            return nn.Linear(layer.in_features, layer.out_features)


def conv(layer: Conv) -> nn.Module:
    """(N, C, H, W) -> (N, O, H', W')."""
    cls = SameConv2d if layer.padding is Padding.SAME and layer.stride > 1 else nn.Conv2d
    return cls(
        layer.in_channels,
        layer.out_channels,
        layer.kernel,
        stride=layer.stride,
        # At stride 1 both rules pad alike, since every kernel size is odd.
        padding=0 if cls is SameConv2d else layer.pad,
        dilation=layer.dilation,
        groups=layer.groups,
        bias=layer.bias,
    )


def max_pool(layer: MaxPool) -> nn.Module:
    """(N, C, H, W) -> (N, C, H', W')."""
    match layer.padding:
        case PoolPadding.NONE:
            return nn.MaxPool2d(layer.kernel, layer.stride)
        case PoolPadding.MINUS_INFINITY:
            # MaxPool2d pads with minus infinity, so padding is never the maximum.
            return nn.MaxPool2d(layer.kernel, layer.stride, padding=layer.pad)
        case PoolPadding.ZERO:
            # A zero is larger than negative pixels. Only after a ReLU is the result the same.
            return nn.Sequential(nn.ZeroPad2d(layer.pad), nn.MaxPool2d(layer.kernel, layer.stride))
        case PoolPadding.SAME:
            return SameMaxPool2d(layer.kernel, layer.stride)


def avg_pool(layer: AvgPool) -> nn.Module:
    """(N, C, H, W) -> (N, C, H', W')."""
    if layer.count_include_pad:
        return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.AvgPool2d(2, layer.stride))
    return nn.AvgPool2d(2, layer.stride, ceil_mode=True, count_include_pad=False)


class SameConv2d(nn.Conv2d):
    """A strided convolution with TensorFlow's "same" padding.

    PyTorch's Conv2d refuses `padding="same"` with a stride, because this padding depends on the
    image size: the output has ceil(size / stride) pixels in each direction, and an odd zero goes
    to the right and bottom. In a ResNet a convolution with a stride has no dilation.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, O, ceil(H / stride), ceil(W / stride))."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        return super().forward(F.pad(x, same_padding(x, kernel, stride)))


class SameMaxPool2d(nn.MaxPool2d):
    """A max-pool with TensorFlow's "same" padding. The padding is never the maximum."""

    def __init__(self, kernel: int, stride: int):
        super().__init__(kernel, stride)
        self.kernel, self.step = kernel, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C, ceil(H / stride), ceil(W / stride))."""
        padded = F.pad(x, same_padding(x, self.kernel, self.step), value=-INFINITY)
        output: torch.Tensor = super().forward(padded)
        return output


def same_padding(x: torch.Tensor, kernel: int, stride: int) -> tuple[int, int, int, int]:
    """(left, right, top, bottom) of TensorFlow's "same" padding, as F.pad takes them.

    Args:
        x: (N, C, H, W).
        kernel, stride: of the layer that follows.
    """
    height, width = x.shape[-2:]
    return (*_before_after(width, kernel, stride), *_before_after(height, kernel, stride))


def _before_after(size: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
