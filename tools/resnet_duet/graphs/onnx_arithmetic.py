"""ONNX operators on each value: activations, sums, biases, operators without effect."""

from resnet_duet.graphs import translate
from resnet_duet.graphs.feature_maps import Constant, FeatureMap, ForeignError, GraphBuilder
from resnet_duet.graphs.onnx_nodes import INSTEAD, Node, decimal
from resnet_duet.graphs.operations import (
    AnyWeight,
    BatchNorm,
    Filled,
    Identity,
    Rectifier,
    Softmax,
)
from resnet_spec.layers import Role

INFINITY = float("inf")
EPS = 1e-5  # of a norm that stands for a scale and an offset
VARIANCE = 1 - EPS  # VARIANCE + EPS is 1 in float64


def relu(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Relu."""
    node.only()
    return builder.then(node.name, Rectifier(), node.map(0))


def clip(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Clip. Only one from 0 to infinity is a ReLU."""
    attributes = node.only("min", "max")
    low, high = node.constant(1), node.constant(2)
    least = low.scalar() if low else node.get(attributes, "min", -INFINITY)
    most = high.scalar() if high else node.get(attributes, "max", INFINITY)
    if (least, most) != (0, INFINITY):
        raise ForeignError(f"Clip({least:g}, {most:g})", "ReLU")
    return builder.then(node.name, Rectifier(), node.map(0))


def maximum(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Max. Only one of a tensor and the number 0 is a ReLU."""
    node.only()
    x, constant = _map_and_constant(node)
    if x is None or constant is None or constant.size != 1 or constant.scalar() != 0:
        raise ForeignError(node.op, INSTEAD[node.op])
    return builder.then(node.name, Rectifier(), x)


def softmax(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Softmax over the channels of features (N, C)."""
    x = node.map_with("NC")
    attributes = node.only("axis")
    axis = node.get(attributes, "axis", -1 if node.opset >= 13 else 1)
    if x.letter(axis) != "C":
        raise ForeignError(node.text(), "a softmax over the classes")
    return builder.then(node.name, Softmax(), x)


def identity(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Identity."""
    node.only()
    return builder.then(node.name, Identity("Identity"), node.map(0))


def dropout(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Dropout in inference."""
    attributes = node.only("ratio", "seed")
    rate, training = node.constant(1), node.constant(2)
    if training is not None and training.scalar():
        raise ForeignError("Dropout in training mode", "Dropout in inference")
    ratio = rate.scalar() if rate else node.get(attributes, "ratio", 0.5)
    return builder.then(node.name, Identity(f"Dropout({decimal(ratio):g})"), node.map(0))


def cast(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Cast to the precision of the image, which every tensor has."""
    from onnx import TensorProto

    attributes = node.only("to", "saturate", "round_mode")
    target = node.get(attributes, "to", 0)
    names: dict[int, str] = {number: name for name, number in TensorProto.DataType.items()}
    name = names.get(target, str(target))
    if name != builder.precision:
        raise ForeignError(f"Cast from {builder.precision} to {name}", "one precision")
    return builder.then(node.name, Identity(f"Cast to {name}"), node.map(0))


def add(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Add: a sum of two feature maps, or a bias."""
    node.only()
    x, constant = _map_and_constant(node)
    if x is not None and constant is not None:
        return translate.add_bias(node.name, builder, x, constant)
    if len(node.inputs) != 2:
        raise ForeignError(f"{node.op} of {len(node.inputs)} tensors")
    return translate.add(node.name, builder, node.map(0), node.map(1))


def multiply(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Mul by one value for each channel: a norm that an exporter has simplified.

    It is a norm with mean 0 and variance + eps = 1, whose offset is an Add after it.
    """
    node.only()
    x, scale = _map_and_constant(node)
    if x is None or scale is None:
        raise ForeignError("Mul of tensors", "Add")
    shape = (scale.size,)
    weights: dict[Role, AnyWeight] = {
        Role.SCALE: builder.weight(scale, translate.channel_axes(x, scale, "C")),
        Role.OFFSET: Filled(0.0, "C", shape),
        Role.MEAN: Filled(0.0, "C", shape),
        Role.VAR: Filled(VARIANCE, "C", shape),
    }
    return builder.then(node.name, BatchNorm(weights, EPS, None), x)


def _map_and_constant(node: Node) -> tuple[FeatureMap | None, Constant | None]:
    """The inputs of a commutative operator, if one depends on the image and one does not."""
    match node.inputs:
        case (FeatureMap() as x, Constant() as constant):
            return x, constant
        case (Constant() as constant, FeatureMap() as x):
            return x, constant
    return None, None
