"""Operations of TensorFlow graphs. Tensors have their images' layout, (N, H, W, C) in most files.

Operations: https://www.tensorflow.org/api_docs/python/tf/raw_ops.
"""

from collections.abc import Callable, Mapping

from resnet_duet.graphs import translate
from resnet_duet.graphs.feature_maps import Constant, FeatureMap, ForeignError, GraphBuilder
from resnet_duet.graphs.operations import (
    NO_PADS,
    AnyPads,
    AveragePooling,
    Identity,
    MaxPooling,
    Pads,
    Pair,
    Rectifier,
    Same,
    Softmax,
)
from resnet_duet.graphs.tensorflow_integers import slices
from resnet_duet.graphs.tensorflow_nodes import INSTEAD, Computed, Node, Scaled, Value
from resnet_duet.graphs.tensorflow_norms import fused_norm, norm_of
from resnet_duet.graphs.windows import Window

Translation = Callable[[Node, GraphBuilder], Value]
WINDOW = ("data_format", "explicit_paddings", "padding", "strides")


def convolution(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Conv2D. Its groups follow from the channels of both inputs."""
    attributes = node.only(*WINDOW, "dilations")
    x, kernel = node.map_with(_layout(node)), node.constant(1)
    channels = x.sizes["C"]
    if len(kernel.shape) != 4 or channels is None or channels % max(kernel.shape[2], 1):
        raise ForeignError(f"convolution of {channels} channels with shape {kernel.shape}")
    groups = channels // kernel.shape[2]
    dilations = _pair(node, node.get(attributes, "dilations", (1, 1, 1, 1)))
    window = Window((kernel.shape[0], kernel.shape[1]), _strides(node), dilations)
    name, pads = node.name, _pads(node)
    return translate.convolve(name, builder, x, kernel, "HWIO", None, window, groups, pads)


def max_pool(node: Node, builder: GraphBuilder) -> FeatureMap:
    """MaxPool, whose padding is never the maximum."""
    attributes = node.only(*WINDOW, "ksize")
    size = _pair(node, node.get(attributes, "ksize", ()))
    kind = MaxPooling(size, _strides(node), _pads(node))
    return translate.pool(node.name, builder, node.map_with(_layout(node)), kind)


def average_pool(node: Node, builder: GraphBuilder) -> FeatureMap:
    """AvgPool, whose padding is not averaged."""
    attributes = node.only(*WINDOW, "ksize")
    size = _pair(node, node.get(attributes, "ksize", ()))
    kind = AveragePooling(
        size, _strides(node), _pads(node), count_include_pad=False, ceil_mode=False
    )
    return translate.pool(node.name, builder, node.map_with(_layout(node)), kind)


def relu(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Relu."""
    node.only()
    return builder.then(node.name, Rectifier(), node.map(0))


def softmax(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Softmax over the last axis."""
    node.only()
    return builder.then(node.name, Softmax(), node.map_with("NC"))


def add(node: Node, builder: GraphBuilder) -> FeatureMap:
    """A sum of feature maps, a bias, or the last operation of a norm."""
    node.only()
    match node.inputs:
        case (Scaled() as scaled, (Constant() | Computed()) as offset):
            return norm_of(node, builder, scaled, offset)
        case ((Constant() | Computed()) as offset, Scaled() as scaled):
            return norm_of(node, builder, scaled, offset)
        case (FeatureMap() as x, Constant() as bias) | (Constant() as bias, FeatureMap() as x):
            return translate.add_bias(node.name, builder, x, bias)
    if len(node.inputs) != 2:
        raise ForeignError(f"{node.op} of {len(node.inputs)} tensors", "a sum of two")
    return translate.add(node.name, builder, node.map(0), node.map(1))


def bias(node: Node, builder: GraphBuilder) -> FeatureMap:
    """BiasAdd."""
    attributes = node.only("data_format")
    x, values = node.map(0), node.constant(1)
    axis = x.axes[1:2] if node.get(attributes, "data_format", "NHWC") == "NCHW" else x.axes[-1:]
    if axis != "C" or values.shape != (x.sizes["C"],):
        raise ForeignError(f"BiasAdd of shape {values.shape} on axes {x.axes or 'unknown'}")
    shape = tuple(values.shape[0] if letter == "C" else 1 for letter in x.axes)
    spread = values.reshaped(shape) or values
    return translate.add_bias(node.name, builder, x, spread if values.size > 1 else values)


def multiply(node: Node, builder: GraphBuilder) -> Scaled:
    """Mul by a constant: the first half of a norm."""
    node.only()
    match node.inputs:
        case (FeatureMap() as x, (Constant() | Computed()) as scale):
            return Scaled(x, scale)
        case ((Constant() | Computed()) as scale, FeatureMap() as x):
            return Scaled(x, scale)
    raise ForeignError("Mul of tensors", INSTEAD["Mul"])


def matmul(node: Node, builder: GraphBuilder) -> FeatureMap:
    """MatMul with a matrix of the file."""
    attributes = node.only("transpose_a", "transpose_b")
    if node.get(attributes, "transpose_a", False):
        raise ForeignError(node.text(), "a dense layer")
    axes = "OI" if node.get(attributes, "transpose_b", False) else "IO"
    return translate.dense(node.name, builder, node.map(0), node.constant(1), axes, None)


def mean(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Mean."""
    keep = node.get(node.only("keep_dims"), "keep_dims", False)
    return translate.mean(node.name, builder, node.map(0), node.integers(1), keep)


def pad(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Pad with zeros, or PadV2 with a constant."""
    node.only()
    x, numbers = node.map(0), node.integers(1)
    value = node.constant(2).scalar() if node.op == "PadV2" else 0.0
    if len(numbers) != 2 * len(x.axes):
        raise ForeignError(f"{node.op} with {numbers}")
    edges = dict(zip(x.axes, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
    return translate.pad(node.name, builder, x, edges, value)


def reshape(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Reshape."""
    node.only()
    return translate.reshape(node.name, builder, node.map(0), node.integers(1))


def squeeze(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Squeeze."""
    axes = node.get(node.only("squeeze_dims"), "squeeze_dims", ())
    return translate.squeeze(node.name, builder, node.map(0), axes)


def transpose(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Transpose."""
    node.only()
    return translate.transpose(node.map(0), node.integers(1))


def strided_slice(node: Node, builder: GraphBuilder) -> FeatureMap:
    """StridedSlice that keeps every n-th row and column."""
    x, steps = node.map(0), {}
    for axis, index in zip(x.axes, slices(node, len(x.axes)), strict=False):
        size = x.sizes[axis]
        is_slice = isinstance(index, slice) and index.start in (None, 0)
        if not isinstance(index, slice) or not is_slice:
            raise ForeignError(f"StridedSlice of axis {axis} from {index}", "the whole axis")
        if index.stop is not None and (size is None or index.stop < size):
            raise ForeignError(f"StridedSlice of axis {axis} to {index.stop}", "the whole axis")
        steps[axis] = index.step
    return translate.subsample(node.name, builder, x, steps)


def concatenate(node: Node, builder: GraphBuilder) -> FeatureMap:
    """ConcatV2, whose last input is the axis."""
    node.only()
    values = [node.map(i) if isinstance(v, FeatureMap) else node.constant(i)
              for i, v in enumerate(node.inputs[:-1])]  # fmt: skip
    (axis,) = node.integers(len(node.inputs) - 1)
    return translate.concatenate(node.name, builder, values, axis)


def cast(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Cast to the precision of the image, which every tensor has."""
    attributes = node.only("SrcT", "DstT", "Truncate")
    if attributes.get("SrcT") != attributes.get("DstT"):
        raise ForeignError("Cast to another precision", "one precision")
    return builder.then(node.name, Identity("Cast"), node.map(0))


def _layout(node: Node) -> str:
    return node.get(node.attributes(), "data_format", "NHWC")


def _pair(node: Node, numbers: tuple[int, ...]) -> Pair:
    """(height, width) of one number for each axis, which are 1 for the others."""
    axes = _layout(node)
    if len(numbers) != 4 or sorted(axes) != ["C", "H", "N", "W"]:
        raise ForeignError(f"{node.op} with {numbers} for the axes {axes}")
    sizes = dict(zip(axes, numbers, strict=True))
    if sizes["N"] != 1 or sizes["C"] != 1 or min(numbers) < 1:
        raise ForeignError(f"{node.op} with {numbers} for the axes {axes}")
    return sizes["H"], sizes["W"]


def _strides(node: Node) -> Pair:
    return _pair(node, node.get(node.attributes(), "strides", ()))


def _pads(node: Node) -> AnyPads:
    attributes = node.attributes()
    numbers = node.get(attributes, "explicit_paddings", ())
    match node.get(attributes, "padding", ""):
        case "SAME":
            return Same()
        case "VALID":
            return NO_PADS
        case "EXPLICIT" if len(numbers) == 8 and min(numbers) >= 0:
            axes = _layout(node)
            edges = dict(zip(axes, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
            if not any(edges["N"] + edges["C"]):
                return Pads(*edges["H"], *edges["W"])
    raise ForeignError(node.text(), "SAME or VALID")


TRANSLATIONS: Mapping[str, Translation] = {
    "Add": add,
    "AddV2": add,
    "AvgPool": average_pool,
    "BiasAdd": bias,
    "Cast": cast,
    "ConcatV2": concatenate,
    "Conv2D": convolution,
    "FusedBatchNorm": fused_norm,
    "FusedBatchNormV2": fused_norm,
    "FusedBatchNormV3": fused_norm,
    "MatMul": matmul,
    "MaxPool": max_pool,
    "Mean": mean,
    "Mul": multiply,
    "Pad": pad,
    "PadV2": pad,
    "Relu": relu,
    "Reshape": reshape,
    "Softmax": softmax,
    "Squeeze": squeeze,
    "StridedSlice": strided_slice,
    "Transpose": transpose,
}
