"""Keras' pools, paddings, sums and layers that change nothing as operations of a graph."""

from resnet_duet.graphs.keras_call import LayerCall
from resnet_duet.graphs.keras_layers import padding
from resnet_duet.graphs.keras_settings import ForeignError, number, plain
from resnet_duet.graphs.operations import (
    AnyPads,
    AveragePooling,
    Flatten,
    GlobalAverage,
    Identity,
    Kind,
    MaxPooling,
    Pad,
    PadChannels,
    Pads,
    Pair,
    Same,
    Sum,
)
from resnet_duet.graphs.windows import Window, leaves_out


def max_pool(call: LayerCall) -> list[Kind]:
    """MaxPooling2D."""
    kernel, strides, pads = _window(call)
    return [MaxPooling(kernel, strides, pads)]


def average_pool(call: LayerCall) -> list[Kind]:
    """AveragePooling2D. A window over the whole of a map of known size is a global average."""
    kernel, strides, pads = _window(call)
    if kernel == call.shape[1:3] and not isinstance(pads, Same):
        return [GlobalAverage()]
    rows, columns = call.shape[1:3] or (None, None)
    if leaves_out(Window(kernel, strides), (rows, columns), pads, ceil_mode=False):
        raise ForeignError(
            f"AveragePooling2D of {kernel} of a map of {(rows, columns)}", "GlobalAveragePooling2D"
        )
    return [AveragePooling(kernel, strides, pads, count_include_pad=False, ceil_mode=False)]


def _window(call: LayerCall) -> tuple[Pair, Pair, AnyPads]:
    """Take the settings of a pool: kernel, strides, padding."""
    call.layer_arguments()
    call.need_map()
    call.channels_last()
    settings = call.settings
    kernel = settings.pair("pool_size", 2)
    if settings.rest.get("strides") is None:
        settings.rest.pop("strides", None)
    strides = settings.pair("strides", 0) if "strides" in settings.rest else kernel
    pads = padding(settings)
    settings.finish()
    return kernel, strides, pads


def global_average(call: LayerCall) -> list[Kind]:
    """GlobalAveragePooling2D."""
    call.layer_arguments()
    call.need_map()
    call.channels_last()
    keeps = call.settings.flag("keepdims", False)
    call.settings.finish()
    return [GlobalAverage()] if keeps else [GlobalAverage(), Flatten()]


def zero_padding(call: LayerCall) -> list[Kind]:
    """ZeroPadding2D. With channels_first it pads W and C of images (N, H, W, C)."""
    call.layer_arguments()
    call.need_map()
    value = call.settings.take("padding", None)
    layout = call.settings.take("data_format", "channels_last")
    call.settings.finish()
    pads = four_pads(value)
    if pads is None:
        raise ForeignError(f"ZeroPadding2D with padding={plain(value)}")
    if layout in ("channels_last", None):
        return [Pad(pads, 0.0)]
    if layout == "channels_first" and pads[:2] == (0, 0):
        return [PadChannels(pads.left, pads.right)]
    raise ForeignError(f"ZeroPadding2D with data_format={plain(layout)}", "channels_last")


def four_pads(value: object) -> Pads | None:
    """((top, bottom), (left, right)), (vertical, horizontal) or one number, as `Pads`."""
    pairs = [value, value] if type(value) is int else value
    if not isinstance(pairs, list | tuple) or len(pairs) != 2:
        return None
    edges = [[pair, pair] if type(pair) is int else pair for pair in pairs]
    if not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in edges):
        return None
    flat = [size for pair in edges for size in pair]
    if not all(type(size) is int and size >= 0 for size in flat):
        return None
    return Pads(*flat)


def add(call: LayerCall) -> list[Kind]:
    """Add, the layer, `ops.add` or `x + y`, of two feature maps."""
    call.only_arguments(2, "y", "training")
    call.settings.only("mode", "sum")  # Keras 1
    call.settings.finish()
    values = call.call.args[0] if len(call.call.args) == 1 else call.call.args
    count = len(values) if isinstance(values, list | tuple) else 1
    if count + ("y" in call.call.kwargs) != len(call.inputs) or len(call.inputs) != 2:
        raise ForeignError(f"{call.layer.class_name} of {_operands(call)}", "two feature maps")
    first, second = (value.shape for value in call.inputs)
    if first and second and first != second:
        raise ForeignError(f"{call.layer.class_name} of the shapes {first} and {second}")
    return [Sum()]


def _operands(call: LayerCall) -> str:
    if len(call.inputs) > 2:
        return f"{len(call.inputs)} tensors"
    return "a tensor and a constant"


def inference_identity(call: LayerCall) -> list[Kind]:
    """A layer that does something in training only."""
    call.layer_arguments(trained=call.layer.class_name.startswith("Random"))
    rate = call.layer.config.get("rate")
    return [Identity(f"{call.layer.class_name}({'' if rate is None else plain(rate)})")]


def rescaling(call: LayerCall) -> list[Kind]:
    """Rescaling, which is expressible only if it multiplies by 1 and adds 0."""
    call.layer_arguments()
    scale, offset = call.settings.take("scale", None), call.settings.take("offset", 0.0)
    call.settings.finish()
    if _all(scale, 1.0) and _all(offset, 0.0):
        return [Identity(f"Rescaling({plain(scale)})")]
    raise ForeignError(
        f"Rescaling(scale={plain(scale)}, offset={plain(offset)})",
        "no layer: remove it from the network and rescale the images before",
    )


def normalization(call: LayerCall) -> list[Kind]:
    """Normalization, which is expressible only with a mean of 0 and a variance of 1."""
    call.layer_arguments()
    mean, variance = call.settings.take("mean", None), call.settings.take("variance", None)
    if _all(mean, 0.0) and _all(variance, 1.0):
        return [Identity("Normalization(mean 0, variance 1)")]
    raise ForeignError(
        "Normalization", "no layer: remove it from the network and normalize the images before"
    )


def _all(value: object, expected: float) -> bool:
    """Whether a number, or each of nested lists of numbers, has this value."""
    if isinstance(value, list):
        return bool(value) and all(_all(item, expected) for item in value)
    return number(value) == expected
