"""ONNX operators that change shapes: transpositions, flattening, padding, slices, channels."""

from resnet_duet.graphs import translate
from resnet_duet.graphs.feature_maps import FeatureMap, ForeignError, GraphBuilder
from resnet_duet.graphs.onnx_nodes import Node

LAST = 2**31 - 1  # the end of a slice that keeps everything; larger numbers mean the same


def transpose(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Transpose."""
    x = node.map(0)
    reverse = tuple(range(len(x.axes)))[::-1]
    return translate.transpose(x, node.get(node.only("perm"), "perm", reverse))


def flatten(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Flatten after the axis of the batch."""
    x = node.map(0)
    if node.get(node.only("axis"), "axis", 1) not in (1, 1 - len(x.axes)):
        raise ForeignError(node.text(), "Flatten(axis=1)")
    return translate.flatten(node.name, builder, x)


def reshape(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Reshape. A 0 keeps a size."""
    x = node.map(0)
    attributes = node.only("allowzero", "shape")
    shape = node.integers(1) if len(node.inputs) > 1 else node.get(attributes, "shape", ())
    if shape is None or (0 in shape and node.get(attributes, "allowzero", 0)):
        raise ForeignError(node.text())
    old = builder.shape_of(x)
    new = [old[i] if n == 0 and i < len(old) else n for i, n in enumerate(shape)]
    return translate.reshape(node.name, builder, x, new)


def squeeze(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Squeeze."""
    return translate.squeeze(node.name, builder, node.map(0), _axes(node, "axes"))


def reduce_mean(node: Node, builder: GraphBuilder) -> FeatureMap:
    """ReduceMean."""
    axes = _axes(node, "axes", "keepdims", "noop_with_empty_axes")
    keep = bool(node.get(node.attributes(), "keepdims", 1))
    return translate.mean(node.name, builder, node.map(0), axes, keep)


def _axes(node: Node, *names: str) -> tuple[int, ...]:
    """The axes of a node: an attribute, or an input since opset 13 or 18."""
    attributes = node.only(*names)
    if len(node.inputs) > 1:
        return node.integers(1) or ()
    return node.get(attributes, "axes", ())


def pad(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Pad with a constant. ONNX lists what is added before every axis, then after every axis."""
    x = node.map(0)
    attributes = node.only("mode", "pads", "value")
    mode = node.get(attributes, "mode", "constant")
    if mode != "constant":
        raise ForeignError(f"Pad with {mode}", "zeros")
    numbers = node.integers(1) if len(node.inputs) > 1 else node.get(attributes, "pads", ())
    constant = node.constant(2)
    value = constant.scalar() if constant else node.get(attributes, "value", 0.0)
    listed = node.integers(3)
    axes = x.axes if listed is None else "".join(x.letter(axis) for axis in listed)
    if numbers is None or len(numbers) != 2 * len(axes) or len(set(axes)) != len(axes):
        raise ForeignError(f"Pad with pads {numbers}")
    pairs = zip(numbers[: len(axes)], numbers[len(axes) :], strict=True)
    edges = dict(zip(axes, pairs, strict=True))
    return translate.pad(node.name, builder, x, edges, value)


def take_slice(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Slice that keeps every n-th row and column, or everything."""
    x = node.map(0)
    attributes = node.only("axes", "starts", "ends")
    if len(node.inputs) > 1:
        starts, ends, listed, steps = (node.integers(i) for i in (1, 2, 3, 4))
    else:
        starts, ends = (node.get(attributes, name, ()) for name in ("starts", "ends"))
        listed, steps = node.get(attributes, "axes", ()) or None, None
    if not starts or not ends:
        raise ForeignError("Slice without limits")
    axes = [x.letter(axis) for axis in (range(len(starts)) if listed is None else listed)]
    steps = steps or (1,) * len(axes)
    if not len(set(axes)) == len(axes) == len(starts) == len(ends) == len(steps):
        raise ForeignError("Slice with limits of different lengths")
    for axis, start, end in zip(axes, starts, ends, strict=True):
        size = x.sizes[axis]
        if start != 0 or (end < LAST and (size is None or end < size)):
            raise ForeignError(f"Slice of axis {axis} from {start} to {end}", "the whole axis")
    return translate.subsample(node.name, builder, x, dict(zip(axes, steps, strict=True)))


def concat(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Concat."""
    axis = node.get(node.only("axis"), "axis", 0)
    return translate.concatenate(node.name, builder, node.inputs, axis)
