"""Keras' layers with arrays, activations and heads as operations of a graph."""

from typing import Any

from resnet_duet.errors import FileError
from resnet_duet.graphs.keras_call import LayerCall
from resnet_duet.graphs.keras_settings import ForeignError, Settings, number, plain
from resnet_duet.graphs.keras_tree import Layer
from resnet_duet.graphs.operations import (
    NO_PADS,
    AnyPads,
    AnyWeight,
    BatchNorm,
    Convolution,
    Filled,
    Flatten,
    FullyConnected,
    Identity,
    Kind,
    Rectifier,
    Same,
    Softmax,
)
from resnet_spec.layers import Role

RELU = "ReLU"
NORM = {  # {Keras' name of a variable: its role}, in Keras' order
    "gamma": Role.SCALE,
    "beta": Role.OFFSET,
    "moving_mean": Role.MEAN,
    "moving_variance": Role.VAR,
}


def convolution(call: LayerCall) -> list[Kind]:
    """Conv2D."""
    call.layer_arguments()
    call.need_map()
    call.channels_last()
    settings = call.settings
    filters, groups = settings.positive("filters", 0), settings.positive("groups", 1)
    size = settings.pair("kernel_size", 0)
    strides, dilations = settings.pair("strides", 1), settings.pair("dilation_rate", 1)
    pads = padding(settings)
    has_bias = settings.flag("use_bias", True)
    after = activation(settings)
    settings.finish()
    weights = call.weights({"kernel": "HWIO"} | ({"bias": "O"} if has_bias else {}))
    kernel, bias = weights["kernel"], weights.get("bias")
    inputs = kernel.size("I") if call.channels is None else call.channels // groups
    if kernel.shape != (*size, inputs, filters) or inputs * groups != (call.channels or inputs):
        raise FileError(f"{kernel.name} {kernel.shape} does not fit {filters} filters of {size}")
    if bias and bias.shape != (filters,):
        raise FileError(f"{bias.name} {bias.shape} does not fit {filters} filters")
    return [Convolution(kernel, bias, strides, dilations, groups, pads), *after]


def dense(call: LayerCall) -> list[Kind]:
    """Dense, on features."""
    call.layer_arguments()
    call.need_features()
    settings = call.settings
    units, has_bias = settings.positive("units", 0), settings.flag("use_bias", True)
    after = activation(settings)
    settings.only("quantization_config", None)
    settings.only("lora_rank", None)
    settings.take("lora_alpha", None)
    settings.finish()
    weights = call.weights({"kernel": "IO"} | ({"bias": "O"} if has_bias else {}))
    kernel, bias = weights["kernel"], weights.get("bias")
    if kernel.shape != (call.channels or kernel.size("I"), units):
        raise FileError(f"{kernel.name} {kernel.shape} does not fit {units} units")
    if bias and bias.shape != (units,):
        raise FileError(f"{bias.name} {bias.shape} does not fit {units} units")
    return [FullyConnected(kernel, bias), *after]


def batch_norm(call: LayerCall) -> list[Kind]:
    """BatchNormalization, which may lack the scale or the offset."""
    call.layer_arguments()
    settings = call.settings
    last = [-1] if not call.shape else [-1, len(call.shape) - 1]
    settings.only("axis", *last, *[[axis] for axis in last], instead="the channel axis")
    settings.only("renorm", False)
    settings.take("renorm_clipping", None)
    settings.take("renorm_momentum", None)
    settings.only("virtual_batch_size", None)
    settings.only("adjustment", None)
    settings.only("mode", 0)  # Keras 1
    settings.take("synchronized", False)  # concerns training only
    decay, eps = number(settings.take("momentum", 0.99)), number(settings.take("epsilon", None))
    present = {
        "gamma": settings.flag("scale", True),
        "beta": settings.flag("center", True),
        "moving_mean": True,
        "moving_variance": True,
    }
    settings.finish()
    if eps is None or not 0 <= eps < float("inf"):
        raise ForeignError("BatchNormalization without an epsilon")
    found = call.weights({word: "C" for word in NORM if present[word]})
    shape = found["moving_mean"].shape
    if shape != (call.channels or shape[0],) or any(w.shape != shape for w in found.values()):
        raise FileError(f"{found['moving_mean'].name} {shape} does not fit the layer's input")
    weights: dict[Role, AnyWeight] = {
        role: found.get(word, Filled(1.0 if word == "gamma" else 0.0, "C", shape))
        for word, role in NORM.items()
    }
    return [BatchNorm(weights, eps, decay)]


def relu(call: LayerCall) -> list[Kind]:
    """ReLU, the layer or the operation, without a limit, slope or threshold."""
    call.layer_arguments()
    check_relu(call.settings)
    call.settings.finish()
    return [Rectifier()]


def check_relu(settings: Settings) -> None:
    """Take the settings of a ReLU. Raises ForeignError: it is not max(x, 0)."""
    limit = settings.take("max_value", None)
    if limit is not None:
        raise ForeignError(f"{settings.class_name} with max_value={plain(limit)}", RELU)
    settings.zero("negative_slope", RELU)
    settings.zero("threshold", RELU)


def activation_layer(call: LayerCall) -> list[Kind]:
    """Activation."""
    call.layer_arguments()
    found = activation(call.settings)
    call.settings.finish()
    if found == [Softmax()]:
        call.need_features()
    return found or [Identity("linear activation")]


def activation(settings: Settings) -> list[Kind]:
    """Take the `activation` of a layer: the operation after it, none for a linear one."""
    value = settings.take("activation", None)
    if isinstance(value, dict):
        config = value.get("config")
        if value.get("class_name") == RELU and isinstance(config, dict):
            inner = Settings(Layer("", RELU, "", config, (), None))
            check_relu(inner)
            inner.finish()
            value = "relu"
        elif value.get("class_name") == "function" and value.get("module") == "keras.activations":
            value = config
    kinds: dict[Any, list[Kind]] = {
        None: [],
        "linear": [],
        "relu": [Rectifier()],
        "softmax": [Softmax()],
    }
    if value is None or (isinstance(value, str) and value in kinds):
        return kinds[value]
    raise ForeignError(f"{settings.class_name} with activation {plain(value)}", RELU)


def softmax(call: LayerCall) -> list[Kind]:
    """Softmax over the classes."""
    call.layer_arguments()
    call.need_features()
    call.settings.only("axis", -1, 1)
    call.settings.finish()
    return [Softmax()]


def flatten(call: LayerCall) -> list[Kind]:
    """Flatten."""
    call.layer_arguments()
    call.channels_last()
    call.settings.finish()
    return [Flatten()]


def padding(settings: Settings) -> AnyPads:
    """Take the padding of a convolution or a pool."""
    value = settings.take("padding", "valid")
    if value not in ("valid", "same"):
        raise ForeignError(f"{settings.class_name} with padding {plain(value)}")
    return Same() if value == "same" else NO_PADS
