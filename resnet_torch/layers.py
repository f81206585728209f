"""One PyTorch module for each layer kind of a plan. Beside it, line by line: resnet_tf/layers.py.

Tensors are (N, C, H, W). What a comment here teaches is a difference between the frameworks.
"""

import torch
from torch import nn
from torch.nn import functional as F

from resnet_spec.choices import Padding, StemPool
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
    """The module that computes this layer; its parameters are initialised by `network.build`."""
    match layer:
        case Conv():
            return conv(layer)
        case Norm():
            # PyTorch's momentum is the share of the new batch, Keras' that of the old average.
            return nn.BatchNorm2d(layer.channels, eps=layer.eps, momentum=1 - layer.decay)
        case Relu():
            # In place saves memory, but would overwrite what the shortcut has yet to read.
            return nn.ReLU(inplace=not layer.shared_input)
        case MaxPool():
            return max_pool(layer)
        case AvgPool():
            return avg_pool(layer)
        case ZeroPadChannels():
            # Pairs from the last axis backwards: W, H, C. The channels are the third from the end.
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
        # At stride 1 both rules pad alike, since every kernel is odd.
        padding=0 if cls is SameConv2d else layer.pad,
        dilation=layer.dilation,
        groups=layer.groups,
        bias=layer.bias,
    )


def max_pool(layer: MaxPool) -> nn.Module:
    """(N, C, H, W) -> (N, C, H', W')."""
    match layer.border:
        case StemPool.NONE:
            return nn.MaxPool2d(layer.kernel, layer.stride)
        case StemPool.MINUS_INFINITY:
            # MaxPool2d's own padding is minus infinity: the border never wins.
            return nn.MaxPool2d(layer.kernel, layer.stride, padding=layer.pad)
        case StemPool.ZERO:
            # Zeros win over negative pixels: another function unless a ReLU came before.
            return nn.Sequential(nn.ZeroPad2d(layer.pad), nn.MaxPool2d(layer.kernel, layer.stride))
        case StemPool.SAME:
            return SameMaxPool2d(layer.kernel, layer.stride)


def avg_pool(layer: AvgPool) -> nn.Module:
    """(N, C, H, W) -> (N, C, H', W')."""
    if layer.zeros_count:
        return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.AvgPool2d(2, layer.stride))
    return nn.AvgPool2d(2, layer.stride, ceil_mode=True, count_include_pad=False)


class SameConv2d(nn.Conv2d):
    """A strided convolution under TensorFlow's padding rule.

    `padding="same"` of torch's own Conv2d refuses strides, because the rule depends on the size
    of the image: the output has ceil(size / stride) pixels, and an odd zero goes right and below.
    Where a convolution strides it never dilates.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        x = F.pad(x, same_padding(x, kernel, stride))
        return super().forward(x)


class SameMaxPool2d(nn.MaxPool2d):
    """A max-pool under TensorFlow's padding rule; its border never wins."""

    def __init__(self, kernel: int, stride: int):
        super().__init__(kernel, stride)
        self.kernel, self.step = kernel, stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.pad(x, same_padding(x, self.kernel, self.step), value=-INFINITY)
        return super().forward(x)


def same_padding(x: torch.Tensor, kernel: int, stride: int) -> tuple[int, int, int, int]:
    """(left, right, top, bottom), as F.pad takes them: the last axis first."""
    height, width = x.shape[-2:]
    return (*_before_after(width, kernel, stride), *_before_after(height, kernel, stride))


def _before_after(size: int, kernel: int, stride: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
