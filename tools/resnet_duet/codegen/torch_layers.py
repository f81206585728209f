"""The source of each layer kind in PyTorch. Counterpart, case by case: keras_layers.py."""

from resnet_duet.codegen.columns import LayerColumn
from resnet_duet.codegen.signature import BlockSignature
from resnet_duet.codegen.text import Call, decimal, unsupported
from resnet_spec.choices import Padding, PoolPadding
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


def build_layer(column: LayerColumn, signature: BlockSignature) -> Call:
    """The code that makes a layer's module.

    Raises:
        ResNetError: the layer kind has no source form.
    """
    match column.sample:
        case Conv() as layer:
            return conv(layer, column, signature)
        case Norm() as layer:
            channels = signature.channels(column.values("channels"))
            settings, momentum = signature.eps(layer.eps), layer.torch_momentum
            settings += [] if momentum == 0.1 else [f"momentum={decimal(momentum)}"]
            return Call("nn.BatchNorm2d", (channels, *settings))
        case Relu():
            return Call("nn.ReLU", ())
        case MaxPool() as layer:
            return max_pool(layer, column, signature)
        case AvgPool() as layer:
            stride = signature.stride(column.values("stride"))
            if layer.count_include_pad:
                pad = Call("nn.ZeroPad2d", ("(0, 1, 0, 1)",))
                return Call("nn.Sequential", (pad, Call("nn.AvgPool2d", ("2", stride))))
            edges = ("ceil_mode=True", "count_include_pad=False")
            return Call("nn.AvgPool2d", ("2", stride, *edges))
        case ZeroPadChannels():
            before = signature.channels(column.values("before"))
            after = signature.channels(column.values("after"))
            return Call("nn.ZeroPad3d", (f"(0, 0, 0, 0, {before}, {after})",))
        case GlobalAvgPool():
            pool = Call("nn.AdaptiveAvgPool2d", ("1",))
            return Call("nn.Sequential", (pool, Call("nn.Flatten", ())))
        case Dense() as layer:
            return Call("nn.Linear", (str(layer.in_features), str(layer.out_features)))
        case other:
            raise unsupported(other)


def conv(layer: Conv, column: LayerColumn, signature: BlockSignature) -> Call:
    """(N, C, H, W) -> (N, O, H', W')."""
    inputs = signature.inputs(column.values("in_channels"))
    outputs = signature.channels(column.values("out_channels"))
    stride, dilation = signature.stride(column.values("stride")), "1"
    settings = [] if stride == "1" else [f"stride={stride}"]
    same = layer.padding is Padding.SAME and layer.kernel > 1 and stride != "1"
    if layer.kernel > 1:
        dilation = signature.dilation(column.values("dilation"))
    if layer.kernel > 1 and not same:
        padding = str(layer.pad) if dilation.isdigit() else dilation  # of a 3x3 kernel
        settings.append(f"padding={padding}")
    settings += [] if dilation == "1" else [f"dilation={dilation}"]
    settings += [] if layer.groups == 1 else [f"groups={layer.groups}"]
    settings += [] if layer.bias else ["bias=False"]
    module = "SameConv2d" if same else "nn.Conv2d"
    return Call(module, (inputs, outputs, str(layer.kernel), *settings))


def max_pool(layer: MaxPool, column: LayerColumn, signature: BlockSignature) -> Call:
    """(N, C, H, W) -> (N, C, H', W')."""
    window = (str(layer.kernel), signature.stride(column.values("stride")))
    match layer.padding:
        case PoolPadding.NONE:
            return Call("nn.MaxPool2d", window)
        case PoolPadding.MINUS_INFINITY:
            return Call("nn.MaxPool2d", (*window, f"padding={layer.pad}"))
        case PoolPadding.ZERO:
            pad = Call("nn.ZeroPad2d", (str(layer.pad),))
            return Call("nn.Sequential", (pad, Call("nn.MaxPool2d", window)))
        case PoolPadding.SAME:
            return Call("SameMaxPool2d", window)
