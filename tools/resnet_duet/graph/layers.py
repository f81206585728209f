"""ONNX nodes for each layer kind of a plan. Line by line beside resnet_torch and resnet_tf.

Tensors are (N, C, H, W), as ONNX has images. What a comment here teaches is a difference between
ONNX and the two frameworks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import helper

from resnet_duet.port.dialect import TORCH
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
from resnet_spec.slots import layer_slots

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """A tensor by its name in a graph that is being made: what a KerasTensor is to Keras."""

    graph: onnx.GraphProto
    name: str

    def then(
        self, kind: str, name: str, inputs: Sequence[str] = (), settings: Settings | None = None
    ) -> "Value":
        """Append a node that reads this value before others; its output has its own name."""
        settings = settings or {}
        made = helper.make_node(kind, [self.name, *inputs], [name], name, **settings)
        self.graph.node.append(made)
        return Value(self.graph, name)


def build_layer(layer: Layer, x: Value) -> Value:
    """Append this layer to the graph behind x, in the precision of the graph's image."""
    match layer:
        case Conv():
            return conv(layer, x)
        case Norm():
            # Attributes are float32 even in a float64 graph, so eps is another number by up to 6e-8
            # of itself: 1e-12 to 1e-11 in a trained network's logits, 2e-10 where eps is 1e-3.
            # Momentum is Keras' share of the old average; nothing reads it in inference.
            settings = {"epsilon": layer.eps, "momentum": layer.decay}
            return x.then("BatchNormalization", layer.name, weights(layer, x), settings)
        case Relu():
            # A value is named once and never changes: there is nothing in place.
            return x.then("Relu", layer.name)
        case MaxPool():
            return max_pool(layer, x)
        case AvgPool():
            return avg_pool(layer, x)
        case ZeroPadChannels():
            # Any axis may be padded: first what comes before N, C, H, W, then what comes behind.
            sides = (0, layer.before, 0, 0, 0, layer.after, 0, 0)
            return zero_pad(x, sides, layer.name)
        case GlobalAvgPool():
            mean = x.then("GlobalAveragePool", f"{layer.name}.mean")  # (N, C, 1, 1)
            return mean.then("Flatten", layer.name)
        case Dense():
            # The kernel is (O, I) as PyTorch's, where Keras has (I, O).
            return x.then("Gemm", layer.name, weights(layer, x), {"transB": 1})


def conv(layer: Conv, x: Value) -> Value:
    """(N, C, H, W) -> (N, O, H', W')."""
    # At stride 1 both rules pad alike, since every kernel is odd.
    same = layer.padding is Padding.SAME and layer.stride > 1
    settings = {
        **window(layer.kernel, layer.stride),
        # TensorFlow's rule is ONNX' own: of an odd number of zeros the last is below, at the right.
        **({"auto_pad": "SAME_UPPER"} if same else {"pads": [layer.pad] * 4}),
        "dilations": [layer.dilation] * 2,
        "group": layer.groups,
    }
    return x.then("Conv", layer.name, weights(layer, x), settings)


def max_pool(layer: MaxPool, x: Value) -> Value:
    """(N, C, H, W) -> (N, C, H', W')."""
    p = layer.pad
    border: Settings = {}
    match layer.border:
        case StemPool.NONE:
            pass
        case StemPool.MINUS_INFINITY:
            # MaxPool's own padding is minus infinity: the border never wins.
            border = {"pads": [p] * 4}
        case StemPool.ZERO:
            # Zeros win over negative pixels: another function unless a ReLU came before.
            x = zero_pad(x, (0, 0, p, p, 0, 0, p, p), f"{layer.name}.pad")
            # No padding, said aloud. Where it is not said, onnxruntime 1.31 makes one node of the
            # two, whose border is minus infinity.
            border = {"auto_pad": "VALID"}
        case StemPool.SAME:
            border = {"auto_pad": "SAME_UPPER"}
    return x.then("MaxPool", layer.name, (), {**window(layer.kernel, layer.stride), **border})


def avg_pool(layer: AvgPool, x: Value) -> Value:
    """(N, C, H, W) -> (N, C, H', W')."""
    border: Settings = {"auto_pad": "SAME_UPPER"}  # it leaves its border out of the mean
    if layer.zeros_count:
        border = {"pads": [0, 0, 1, 1], "count_include_pad": 1}
    return x.then("AveragePool", layer.name, (), {**window(2, layer.stride), **border})


def zero_pad(x: Value, sides: Sequence[int], name: str) -> Value:
    """Zeros before (N, C, H, W) and behind them."""
    # The sides are an input, and no attribute. A constant, since initializers are the weights.
    constant = f"{name}.sides"
    x.graph.node.append(helper.make_node("Constant", [], [constant], constant, value_ints=sides))
    return x.then("Pad", name, [constant])


def window(kernel: int, stride: int) -> Settings:
    """The same in both directions."""
    return {"kernel_shape": [kernel] * 2, "strides": [stride] * 2}


def weights(layer: Layer, x: Value) -> list[str]:
    """Declare the layer's arrays, bytes to come, in the order in which ONNX' nodes read them."""
    dtype = x.graph.input[0].type.tensor_type.elem_type
    slots = list(layer_slots(layer))
    names = [f"{layer.name}{TORCH.separator}{TORCH.words[slot.role]}" for slot in slots]
    for name, slot in zip(names, slots, strict=True):
        x.graph.initializer.add(name=name, dims=slot.shape, data_type=dtype)
    return names
