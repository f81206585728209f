"""Batch normalisation in TensorFlow graphs: one operation, or several.

`tf.nn.batch_normalization` computes x * s + (offset - mean * s) with
s = rsqrt(variance + epsilon) * scale.
"""

import numpy as np

from resnet_duet.graphs.feature_maps import Constant, FeatureMap, ForeignError, GraphBuilder
from resnet_duet.graphs.operations import AnyWeight, BatchNorm, Filled
from resnet_duet.graphs.tensorflow_nodes import Computed, Node, Scaled
from resnet_duet.graphs.translate import channel_axes
from resnet_spec.layers import Role

ADD = ("Add", "AddV2")


def fused_norm(node: Node, builder: GraphBuilder) -> FeatureMap:
    """FusedBatchNorm in inference."""
    attributes = node.only("data_format", "epsilon", "exponential_avg_factor", "is_training")
    x = node.map_with(node.get(attributes, "data_format", "NHWC"))
    if node.get(attributes, "is_training", True):
        raise ForeignError("batch normalisation with the batch's statistics", "running statistics")
    roles = (Role.SCALE, Role.OFFSET, Role.MEAN, Role.VAR)
    weights = {role: node.constant(i) for i, role in enumerate(roles, start=1)}
    if any(array.shape != (x.sizes["C"],) for array in weights.values()):
        raise ForeignError(f"batch normalisation of {x.sizes['C']} channels")
    eps = float(str(np.float32(node.get(attributes, "epsilon", 1e-4))))
    found = {role: _weight(builder, x, array, "C") for role, array in weights.items()}
    return builder.then(node.name, BatchNorm(found, eps, None), x)


def norm_of(
    node: Node, builder: GraphBuilder, scaled: Scaled, offset: Constant | Computed
) -> FeatureMap:
    """The norm whose last operation adds an offset."""
    var, eps, gamma = _scale(scaled.scale)
    mean, beta = _offset(offset, scaled.scale)
    x = scaled.x
    size = x.sizes["C"]
    if size is None:
        raise ForeignError("batch normalisation of an unknown number of channels")
    weights: dict[Role, AnyWeight] = {
        Role.SCALE: Filled(1.0, "C", (size,)),
        Role.OFFSET: Filled(0.0, "C", (size,)),
    }
    found = {Role.SCALE: gamma, Role.OFFSET: beta, Role.MEAN: mean, Role.VAR: var}
    for role, array in found.items():
        if array is not None:
            weights[role] = _weight(builder, x, array, channel_axes(x, array, "C"))
    return builder.then(node.name, BatchNorm(weights, eps, None), x)


def _weight(builder: GraphBuilder, x: FeatureMap, array: Constant, axes: str) -> AnyWeight:
    """An array of the file, or a value that the graph repeats: a norm without scale has ones."""
    if array.name not in builder.arrays:
        values = np.asarray(array.array())
        if values.size and (values == values.flat[0]).all():
            return Filled(float(values.flat[0]), "C", (values.size,))
    return builder.weight(array, axes)


UNKNOWN = ForeignError("product with computed constants", "a batch normalisation")


def _scale(scale: Constant | Computed) -> tuple[Constant, float, Constant | None]:
    """(variance, epsilon, scale) of rsqrt(variance + epsilon) * scale."""
    match scale:
        case Computed("Rsqrt", (Computed(op, (Constant() as var, Constant() as eps)),)):
            if op in ADD and eps.size == 1:
                return var, _decimal(eps), None
        case Computed("Mul", (Computed("Rsqrt") as root, Constant() as gamma)):
            return *_scale(root)[:2], gamma
        case Computed("Mul", (Constant() as gamma, Computed("Rsqrt") as root)):
            return *_scale(root)[:2], gamma
    raise UNKNOWN


def _offset(
    offset: Constant | Computed, scale: Constant | Computed
) -> tuple[Constant, Constant | None]:
    """(mean, offset) of offset - mean * scale."""
    match offset:
        case Computed("Sub", (Constant() as beta, Computed("Mul", (Constant() as mean, factor)))):
            if factor is scale:
                return mean, beta
        case Computed("Mul", (Computed("Neg", (Constant() as mean,)), factor)):
            if factor is scale:
                return mean, None
    raise UNKNOWN


def _decimal(eps: Constant) -> float:
    """Epsilon as the decimal number that it stands for in its precision."""
    value = np.asarray(eps.array()).reshape(())
    return float(str(value[()]))
