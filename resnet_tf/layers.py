"""Keras layers for each layer kind. Counterpart, case by case: resnet_torch/layers.py.

Tensors are (N, H, W, C). A comment explains a difference between the frameworks.
"""

from dataclasses import replace

import keras
from keras import ops

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
NHWC = "channels_last"  # given to every layer, since ~/.keras/keras.json may say channels_first


def build_layer(layer: Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    """Append a layer to the graph after x, in the precision of x.

    Its kernel is 0. `initialise` sets the weights and the initializers afterwards.
    """
    layer = replace(layer, name=keras_name(layer.name))
    match layer:
        case Conv():
            return conv(layer, x)
        case Norm():
            # Keras' momentum is the share of the old statistics, PyTorch's that of the new batch.
            return keras.layers.BatchNormalization(
                epsilon=layer.eps, momentum=layer.decay, name=layer.name, dtype=x.dtype
            )(x)
        case Relu():
            # Keras has no in-place layers, so nothing is overwritten.
            return keras.layers.ReLU(name=layer.name, dtype=x.dtype)(x)
        case MaxPool():
            return max_pool(layer, x)
        case AvgPool():
            return avg_pool(layer, x)
        case ZeroPadChannels():
            # No stock layer pads channels. With "channels_first" this one pads the last two axes,
            # which are W and C of our images.
            return keras.layers.ZeroPadding2D(
                ((0, 0), (layer.before, layer.after)),
                data_format="channels_first",
                name=layer.name,
                dtype=x.dtype,
            )(x)
        case GlobalAvgPool():
            return keras.layers.GlobalAveragePooling2D(NHWC, name=layer.name, dtype=x.dtype)(x)
        case Dense():
            return keras.layers.Dense(
                layer.out_features,
                kernel_initializer="zeros",  # until `initialise`
                name=layer.name,
                dtype=x.dtype,
            )(x)


def conv(layer: Conv, x: keras.KerasTensor) -> keras.KerasTensor:
    """(N, H, W, C) -> (N, H', W', O)."""
    same = layer.padding is Padding.SAME or layer.stride == 1
    if layer.pad and not same:
        x = zero_pad(x, layer.pad, layer.pad, f"{layer.name}.pad")
    return keras.layers.Conv2D(
        layer.out_channels,
        layer.kernel,
        strides=layer.stride,
        # At stride 1 both rules pad alike, since every kernel size is odd.
        padding="same" if same else "valid",
        dilation_rate=layer.dilation,
        groups=layer.groups,
        use_bias=layer.bias,
        kernel_initializer="zeros",  # until `initialise`
        data_format=NHWC,
        name=layer.name,
        dtype=x.dtype,
    )(x)


def max_pool(layer: MaxPool, x: keras.KerasTensor) -> keras.KerasTensor:
    """(N, H, W, C) -> (N, H', W', C)."""
    p, padding = layer.pad, "valid"
    match layer.padding:
        case PoolPadding.NONE:
            pass
        case PoolPadding.MINUS_INFINITY:
            # MaxPooling2D cannot pad on all sides, so the padding is added first.
            x = ops.pad(x, [[0, 0], [p, p], [p, p], [0, 0]], constant_values=-INFINITY)
        case PoolPadding.ZERO:
            # A zero is larger than negative pixels. Only after a ReLU is the result the same.
            x = zero_pad(x, p, p, f"{layer.name}.pad")
        case PoolPadding.SAME:
            padding = "same"
    return keras.layers.MaxPooling2D(
        layer.kernel, layer.stride, padding, NHWC, name=layer.name, dtype=x.dtype
    )(x)


def avg_pool(layer: AvgPool, x: keras.KerasTensor) -> keras.KerasTensor:
    """(N, H, W, C) -> (N, H', W', C)."""
    padding = "same"  # the mean is over the pixels of a window, without its padding
    if layer.count_include_pad:
        padding, x = "valid", zero_pad(x, 0, 1, f"{layer.name}.pad")
    return keras.layers.AveragePooling2D(
        2, layer.stride, padding, NHWC, name=layer.name, dtype=x.dtype
    )(x)


def keras_name(name: str) -> str:
    """The name of a Keras layer: torchvision's module path, if the backend allows its dots.

    Keras' PyTorch backend registers each variable as a parameter under its path, and PyTorch
    allows no dot in the name of a parameter. There `layer1.0.conv1` becomes `layer1_0_conv1`.
    """
    return name.replace(".", "_") if keras.backend.backend() == "torch" else name


def module_path(name: str) -> str:
    """The torchvision module path of a Keras layer's name, made on any backend."""
    return name.replace("_", ".")


def zero_pad(x: keras.KerasTensor, before: int, after: int, name: str) -> keras.KerasTensor:
    """Add rows of zeros above and below, and columns of zeros left and right.

    Args:
        x: (N, H, W, C).
        before: rows above and columns on the left.
        after: rows below and columns on the right.
        name: of the layer.
    """
    padding = ((before, after), (before, after))
    return keras.layers.ZeroPadding2D(padding, NHWC, name=name, dtype=x.dtype)(x)
