"""The steps of a network as a functional model of Keras 3 or of Keras 2 (tf_keras)."""

import sys
from types import ModuleType
from typing import Any

import numpy as np

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
from tests.support.corpus_steps import (
    Activated,
    Function,
    GlobalMaxPool,
    Merge,
    StemAveragePool,
    Step,
    Steps,
    Weights,
)

MERGES = {
    Merge.ADD: "Add",
    Merge.MAXIMUM: "Maximum",
    Merge.AVERAGE: "Average",
    Merge.SUBTRACT: "Subtract",
    Merge.MULTIPLY: "Multiply",
}


def model_of(keras: ModuleType, steps: Steps, weights: Weights, size: tuple) -> Any:
    """A model in float32 whose layers have the names of its steps, which say nothing.

    Args:
        keras: the package `keras` or `tf_keras`.
        steps: of the network.
        weights: of the steps.
        size: (height, width) of the images; None for any.
    """
    # Keras walks a graph by recursion, and Python stops at 1,000 frames.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000 + 4 * len(steps)))
    first = steps[0].inputs[0]
    image = keras.Input((*size, 3))
    tensors = {first: image}
    for step in steps:
        inputs = [tensors[name] for name in step.inputs]
        x = inputs if isinstance(step.operation, Merge) else padded(keras, step, inputs[0])
        tensors[step.name] = layer_of(keras.layers, step)(x)
    model = keras.Model(image, tensors[steps[-1].name])
    for name, arrays in weights.items():
        if arrays:
            model.get_layer(name).set_weights([_in_keras(array) for array in arrays.values()])
    return model


def _in_keras(array: np.ndarray) -> np.ndarray:
    """A kernel with its axes in Keras' order: OIHW -> HWIO, OI -> IO."""
    return array.transpose({4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}[array.ndim])


def padded(keras: ModuleType, step: Step, x: Any) -> Any:
    """The input of a step with the padding that is a layer before it."""
    layers, name = keras.layers, f"{step.name}_p"
    match step.layer:
        case Conv(stride=2, padding=Padding.SYMMETRIC) as conv if conv.pad:
            return layers.ZeroPadding2D(conv.pad, name=name)(x)
        case MaxPool(padding=PoolPadding.ZERO) as pool:
            return layers.ZeroPadding2D(pool.pad, name=name)(x)
        case MaxPool(padding=PoolPadding.MINUS_INFINITY) as pool:
            pads = [[0, 0], [pool.pad] * 2, [pool.pad] * 2, [0, 0]]
            return keras.ops.pad(x, pads, constant_values=-np.inf)  # Keras 3 only
        case AvgPool(count_include_pad=True):
            return layers.ZeroPadding2D(((0, 1), (0, 1)), name=name)(x)
    if isinstance(step.operation, StemAveragePool):
        return layers.ZeroPadding2D(1, name=name)(x)
    return x


def layer_of(layers: ModuleType, step: Step) -> Any:
    """The layer of a step."""
    match step.operation:
        case Merge() as merge:
            return getattr(layers, MERGES[merge])(name=step.name)
        case Function() as function:
            return function_of(layers, function, step.name)
        case Activated(layer, function):
            return weighted(layers, layer, step.name, str(function))
        case StemAveragePool():
            return layers.AveragePooling2D(3, 2, name=step.name)
        case GlobalMaxPool():
            return layers.GlobalMaxPooling2D(name=step.name)
        case Relu():
            return layers.Activation("relu", name=step.name)
        case MaxPool(kernel=kernel, stride=stride, padding=padding):
            same = "same" if padding is PoolPadding.SAME else "valid"
            return layers.MaxPooling2D(kernel, stride, same, name=step.name)
        case AvgPool(stride=stride, count_include_pad=explicit):
            padding = "valid" if explicit else "same"
            return layers.AveragePooling2D(2, stride, padding, name=step.name)
        case ZeroPadChannels(before=before, after=after):
            pads = ((0, 0), (before, after))
            return layers.ZeroPadding2D(pads, data_format="channels_first", name=step.name)
        case GlobalAvgPool():
            return layers.GlobalAveragePooling2D(name=step.name)
    return weighted(layers, step.layer, step.name, None)


def weighted(layers: ModuleType, layer: Layer, name: str, activation: str | None) -> Any:
    """A layer with weights."""
    match layer:
        case Conv():
            same = layer.padding is Padding.SAME or layer.stride == 1
            return layers.Conv2D(
                layer.out_channels,
                layer.kernel,
                strides=layer.stride,
                padding="same" if same else "valid",
                dilation_rate=layer.dilation,
                groups=layer.groups,
                use_bias=layer.bias,
                activation=activation,
                name=name,
            )
        case Norm(eps=eps, decay=decay):
            return layers.BatchNormalization(epsilon=eps, momentum=decay, name=name)
        case Dense(out_features=classes):
            return layers.Dense(classes, activation=activation, name=name)
    raise AssertionError(f"{layer} has no weights")


def function_of(layers: ModuleType, function: Function, name: str) -> Any:
    """The layer of a function of each value."""
    match function:
        case Function.LEAKY:
            return layers.LeakyReLU(0.3, name=name)
        case Function.RELU6:
            return layers.ReLU(6.0, name=name)
    return layers.Activation(str(function), name=name)
