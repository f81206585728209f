"""ONNX nodes for each layer kind. Counterparts, case by case: layers.py of resnet_torch, resnet_tf.

Tensors are (N, C, H, W), the layout of ONNX' operators. A comment explains a difference between
ONNX and the frameworks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import helper

from resnet_duet.weights.dialects.torchvision import DIALECT
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

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """A tensor of a graph under construction, by its name; the counterpart of a KerasTensor.

    Attributes:
        graph: the graph that the tensor belongs to.
        name: of the tensor.
    """

    graph: onnx.GraphProto
    name: str

    def then(
        self, op: str, name: str, inputs: Sequence[str] = (), settings: Settings | None = None
    ) -> "Value":
        """Append a node to the graph.

        Args:
            op: the operator, as "Conv".
            name: of the node and of its output.
            inputs: names of the tensors that the node reads after this one.
            settings: the node's attributes.

        Returns:
            The node's output.
        """
        node = helper.make_node(op, [self.name, *inputs], [name], name, **(settings or {}))
        self.graph.node.append(node)
        return Value(self.graph, name)


def build_layer(layer: Layer, x: Value) -> Value:
    """Append a layer to the graph after x, in the precision of the graph's input."""
    match layer:
        case Conv():
            return conv(layer, x)
        case Norm():
            # Attributes are float32 even in a float64 graph, so eps is off by up to 6e-8 of its
            # value. That changes a trained network's logits by 1e-12 to 1e-11, or by 2e-10 if eps
            # is 1e-3. Momentum is the share of the old statistics, as in Keras.
            settings = {"epsilon": layer.eps, "momentum": layer.decay}
            return x.then("BatchNormalization", layer.name, weights(layer, x), settings)
        case Relu():
            # Values never change, so nothing works in place.
            return x.then("Relu", layer.name)
        case MaxPool():
            return max_pool(layer, x)
        case AvgPool():
            return avg_pool(layer, x)
        case ZeroPadChannels():
            # Pad takes the zeros before each of N, C, H, W, then those after each.
            return zero_pad(x, (0, layer.before, 0, 0, 0, layer.after, 0, 0), layer.name)
        case GlobalAvgPool():
            mean = x.then("GlobalAveragePool", f"{layer.name}.mean")  # (N, C, 1, 1)
            return mean.then("Flatten", layer.name)
        case Dense():
            # The kernel is (O, I) as in PyTorch, where Keras has (I, O).
            return x.then("Gemm", layer.name, weights(layer, x), {"transB": 1})


def conv(layer: Conv, x: Value) -> Value:
    """(N, C, H, W) -> (N, O, H', W')."""
    # At stride 1 both rules pad alike, since every kernel size is odd.
    same = layer.padding is Padding.SAME and layer.stride > 1
    settings = {
        **window(layer.kernel, layer.stride),
        # ONNX has TensorFlow's rule: SAME_UPPER puts an odd zero at the right and bottom.
        **({"auto_pad": "SAME_UPPER"} if same else {"pads": [layer.pad] * 4}),
        "dilations": [layer.dilation] * 2,
        "group": layer.groups,
    }
    return x.then("Conv", layer.name, weights(layer, x), settings)


def max_pool(layer: MaxPool, x: Value) -> Value:
    """(N, C, H, W) -> (N, C, H', W')."""
    p = layer.pad
    padding: Settings = {}
    match layer.padding:
        case PoolPadding.NONE:
            pass
        case PoolPadding.MINUS_INFINITY:
            # MaxPool pads with minus infinity, so padding is never the maximum.
            padding = {"pads": [p] * 4}
        case PoolPadding.ZERO:
            # A zero is larger than negative pixels. Only after a ReLU is the result the same.
            x = zero_pad(x, (0, 0, p, p, 0, 0, p, p), f"{layer.name}.pad")
            # State that the pool has no padding. Otherwise onnxruntime 1.31 merges both nodes into
            # one pool that pads with minus infinity.
            padding = {"auto_pad": "VALID"}
        case PoolPadding.SAME:
            padding = {"auto_pad": "SAME_UPPER"}
    return x.then("MaxPool", layer.name, (), {**window(layer.kernel, layer.stride), **padding})


def avg_pool(layer: AvgPool, x: Value) -> Value:
    """(N, C, H, W) -> (N, C, H', W')."""
    padding: Settings = {"auto_pad": "SAME_UPPER"}  # the mean is over pixels, without padding
    if layer.count_include_pad:
        padding = {"pads": [0, 0, 1, 1], "count_include_pad": 1}
    return x.then("AveragePool", layer.name, (), {**window(2, layer.stride), **padding})


def zero_pad(x: Value, pads: Sequence[int], name: str) -> Value:
    """Add zeros.

    Args:
        x: (N, C, H, W).
        pads: numbers of zeros before N, C, H and W, then after them.
        name: of the node.
    """
    # The numbers are an input of Pad. They come from a Constant, since initializers are weights.
    constant = f"{name}.pads"
    x.graph.node.append(helper.make_node("Constant", [], [constant], constant, value_ints=pads))
    return x.then("Pad", name, [constant])


def window(kernel: int, stride: int) -> Settings:
    """Attributes of a square window with the same stride in both directions."""
    return {"kernel_shape": [kernel] * 2, "strides": [stride] * 2}


def weights(layer: Layer, x: Value) -> list[str]:
    """Declare the layer's arrays as initializers without values, and return their names.

    Their order in `layer.arrays()` is the order in which ONNX' operators read them.
    """
    dtype = x.graph.input[0].type.tensor_type.elem_type
    names = []
    for array in layer.arrays():
        names.append(DIALECT.array_name(array.layer.name, array.role))
        x.graph.initializer.add(name=names[-1], dims=array.shape, data_type=dtype)
    return names
