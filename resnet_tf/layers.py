"""Keras layers for each layer kind of a plan. Beside it, line by line: resnet_torch/layers.py.

Tensors are (N, H, W, C). What a comment here teaches is a difference between the frameworks.
"""

import keras
from keras import ops

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
from resnet_tf.initial import fc_initial, he_fan_out

INFINITY = float("inf")
NHWC = "channels_last"  # pinned: ~/.keras/keras.json may say channels_first


def build_layer(layer: Layer, x: keras.KerasTensor) -> keras.KerasTensor:
    """Append this layer to the graph behind x, in the precision of x."""
    match layer:
        case Conv():
            return conv(layer, x)
        case Norm():
            # Keras' momentum is the share of the old average, PyTorch's that of the new batch.
            return keras.layers.BatchNormalization(
                epsilon=layer.eps, momentum=layer.decay, name=layer.name, dtype=x.dtype
            )(x)
        case Relu():
            # TensorFlow's tensors are values: nothing works in place, so nothing can be lost.
            return keras.layers.ReLU(name=layer.name, dtype=x.dtype)(x)
        case MaxPool():
            return max_pool(layer, x)
        case AvgPool():
            return avg_pool(layer, x)
        case ZeroPadChannels():
            # No stock layer pads channels, but told that images are NCHW, this one takes the last
            # two axes, our W and C, for an image's height and width.
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
                kernel_initializer=fc_initial(layer.in_features),
                bias_initializer=fc_initial(layer.in_features),
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
        # At stride 1 both rules pad alike, since every kernel is odd.
        padding="same" if same else "valid",
        dilation_rate=layer.dilation,
        groups=layer.groups,
        use_bias=layer.bias,
        kernel_initializer=he_fan_out(),
        data_format=NHWC,
        name=layer.name,
        dtype=x.dtype,
    )(x)


def max_pool(layer: MaxPool, x: keras.KerasTensor) -> keras.KerasTensor:
    """(N, H, W, C) -> (N, H', W', C)."""
    p, padding = layer.pad, "valid"
    match layer.border:
        case StemPool.NONE:
            pass
        case StemPool.MINUS_INFINITY:
            # MaxPooling2D cannot pad on all sides: the border has to be put there first.
            x = ops.pad(x, [[0, 0], [p, p], [p, p], [0, 0]], constant_values=-INFINITY)
        case StemPool.ZERO:
            # Zeros win over negative pixels: another function unless a ReLU came before.
            x = zero_pad(x, p, p, f"{layer.name}.pad")
        case StemPool.SAME:
            padding = "same"
    return keras.layers.MaxPooling2D(
        layer.kernel, layer.stride, padding, NHWC, name=layer.name, dtype=x.dtype
    )(x)


def avg_pool(layer: AvgPool, x: keras.KerasTensor) -> keras.KerasTensor:
    """(N, H, W, C) -> (N, H', W', C)."""
    padding = "valid" if layer.zeros_count else "same"  # "same" leaves its border out of the mean
    if layer.zeros_count:
        x = zero_pad(x, 0, 1, f"{layer.name}.pad")
    return keras.layers.AveragePooling2D(
        2, layer.stride, padding, NHWC, name=layer.name, dtype=x.dtype
    )(x)


def zero_pad(x: keras.KerasTensor, before: int, after: int, name: str) -> keras.KerasTensor:
    """Rows of zeros above and below, columns of zeros left and right."""
    sides = ((before, after), (before, after))
    return keras.layers.ZeroPadding2D(sides, NHWC, name=name, dtype=x.dtype)(x)
