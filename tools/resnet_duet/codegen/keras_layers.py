"""The source of each layer kind in Keras. Counterpart, case by case: torch_layers.py."""

from collections.abc import Iterator

from resnet_duet.codegen.columns import LayerColumn
from resnet_duet.codegen.signature import BlockSignature
from resnet_duet.codegen.text import Call, unsupported
from resnet_spec.choices import PoolPadding
from resnet_spec.layers import (
    AvgPool,
    Conv,
    Dense,
    GlobalAvgPool,
    MaxPool,
    Norm,
    Relu,
    ZeroPadChannels,
)


def build_layer(
    column: LayerColumn, signature: BlockSignature, x: str, y: str
) -> Iterator[tuple[Call, str]]:
    """The code that appends a layer to the graph.

    Args:
        column: the layer.
        signature: of the block's function.
        x: the variable that the layer reads.
        y: the variable that its output is assigned to.

    Returns:
        (call, text after the call) for each Keras layer that it takes.

    Raises:
        ResNetError: the layer kind has no source form.
    """
    name = signature.name(column.name)
    match column.sample:
        case Conv() as layer:
            yield conv(layer, column, signature, x), ""
        case Norm() as layer:
            yield Call("norm", (x, name, *signature.eps(layer.eps))), ""
        case Relu():
            yield Call("layers.ReLU", (f"name={name}",)), f"({x})"
        case MaxPool() as layer:
            yield from max_pool(layer, column, signature, x, y)
        case AvgPool() as layer:
            stride, same = signature.stride(column.values("stride")), ['padding="same"']
            if layer.count_include_pad:
                padding = "((0, 1), (0, 1))"
                yield Call("layers.ZeroPadding2D", (padding, f"name={pad_name(name)}")), f"({x})"
                x, same = y, []
            settings = ("2", stride, *same, f"name={name}")
            yield Call("layers.AveragePooling2D", settings), f"({x})"
        case ZeroPadChannels():
            before = signature.channels(column.values("before"))
            after = signature.channels(column.values("after"))
            # With "channels_first" the layer pads the last two axes, which are W and C here.
            channels, nchw = f"((0, 0), ({before}, {after}))", 'data_format="channels_first"'
            yield Call("layers.ZeroPadding2D", (channels, nchw, f"name={name}")), f"({x})"
        case GlobalAvgPool():
            yield Call("layers.GlobalAveragePooling2D", (f"name={name}",)), f"({x})"
        case Dense() as layer:
            yield Call("dense", (x, str(layer.out_features), name)), ""
        case other:
            raise unsupported(other)


def conv(layer: Conv, column: LayerColumn, signature: BlockSignature, x: str) -> Call:
    """(N, H, W, C) -> (N, H', W', O)."""
    filters = signature.channels(column.values("out_channels"))
    stride, dilation = signature.stride(column.values("stride")), "1"
    settings = [] if stride == "1" else [f"stride={stride}"]
    if layer.kernel > 1:
        dilation = signature.dilation(column.values("dilation"))
    settings += [] if dilation == "1" else [f"dilation={dilation}"]
    settings += [] if layer.groups == 1 else [f"groups={layer.groups}"]
    settings += ["bias=True"] if layer.bias else []
    return Call("conv", (x, filters, str(layer.kernel), signature.name(column.name), *settings))


def max_pool(
    layer: MaxPool, column: LayerColumn, signature: BlockSignature, x: str, y: str
) -> Iterator[tuple[Call, str]]:
    """(N, H, W, C) -> (N, H', W', C)."""
    name, p = signature.name(column.name), layer.pad
    settings = [str(layer.kernel), signature.stride(column.values("stride"))]
    match layer.padding:
        case PoolPadding.NONE:
            pass
        case PoolPadding.MINUS_INFINITY:
            padding = f"[[0, 0], [{p}, {p}], [{p}, {p}], [0, 0]]"
            yield Call("ops.pad", (x, padding, 'constant_values=-float("inf")')), ""
            x = y
        case PoolPadding.ZERO:
            yield Call("layers.ZeroPadding2D", (str(p), f"name={pad_name(name)}")), f"({x})"
            x = y
        case PoolPadding.SAME:
            settings.append('padding="same"')
    yield Call("layers.MaxPooling2D", (*settings, f"name={name}")), f"({x})"


def pad_name(name: str) -> str:
    """The code for the name of the layer that pads before the layer with this name."""
    return f'{name[:-1]}.pad"'
