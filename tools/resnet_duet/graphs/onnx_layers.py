"""ONNX operators with weights or windows: convolution, pools, norm, dense layers."""

from resnet_duet.graphs import translate
from resnet_duet.graphs.feature_maps import FeatureMap, ForeignError, GraphBuilder
from resnet_duet.graphs.onnx_nodes import Node, decimal
from resnet_duet.graphs.operations import (
    NO_PADS,
    AnyPads,
    AnyWeight,
    AveragePooling,
    BatchNorm,
    MaxPooling,
    Pads,
    Pair,
    Same,
)
from resnet_duet.graphs.windows import Window, output_size, same_pads
from resnet_spec.layers import Role

WINDOW = ("auto_pad", "dilations", "kernel_shape", "pads", "strides")


def convolution(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Conv."""
    x, kernel, bias = node.map_with("NCHW"), node.required(1), node.constant(2)
    groups = node.get(node.only(*WINDOW, "group"), "group", 1)
    if len(kernel.shape) != 4 or groups < 1:
        raise ForeignError(f"{len(kernel.shape) - 2}-D convolution", "a 2-D convolution")
    window = _window(node, (kernel.shape[2], kernel.shape[3]))
    pads = _pads(node, window, x)
    name = node.name
    return translate.convolve(name, builder, x, kernel, "OIHW", bias, window, groups, pads)


def max_pool(node: Node, builder: GraphBuilder) -> FeatureMap:
    """MaxPool."""
    x = node.map_with("NCHW")
    attributes = node.only(*WINDOW, "ceil_mode", "storage_order")  # the latter is of the indices
    window = _undilated(node)
    pads = _pads(node, window, x)
    if node.get(attributes, "ceil_mode", 0) and isinstance(pads, Pads):
        pads = _ceil_pads(window, x, pads)
    kind = MaxPooling(window.kernel, window.strides, pads)
    return translate.pool(node.name, builder, x, kind)


def average_pool(node: Node, builder: GraphBuilder) -> FeatureMap:
    """AveragePool."""
    x = node.map_with("NCHW")
    attributes = node.only(*WINDOW, "ceil_mode", "count_include_pad")
    window = _undilated(node)
    pads = _pads(node, window, x)
    counted = bool(node.get(attributes, "count_include_pad", 0))
    ceil_mode = bool(node.get(attributes, "ceil_mode", 0)) and isinstance(pads, Pads)
    if counted and isinstance(pads, Same):
        raise ForeignError("average pool with `same` padding that counts zeros", "only pixels")
    kind = AveragePooling(window.kernel, window.strides, pads, counted, ceil_mode)
    return translate.pool(node.name, builder, x, kind)


def global_average(node: Node, builder: GraphBuilder) -> FeatureMap:
    """GlobalAveragePool."""
    node.only()
    return translate.global_average(node.name, builder, node.map_with("NCHW"), "NCHW")


def batch_norm(node: Node, builder: GraphBuilder) -> FeatureMap:
    """BatchNormalization in inference."""
    x = node.map(0)
    attributes = node.only("epsilon", "momentum", "spatial", "training_mode")
    if x.axes[1:2] != "C":
        raise ForeignError(f"{node.op} of a tensor with axes {x.axes or 'unknown'}", "NCHW")
    if node.get(attributes, "training_mode", 0) or not node.get(attributes, "spatial", 1):
        raise ForeignError(node.text(), "a batch normalisation with running statistics")
    weights: dict[Role, AnyWeight] = {}
    for index, role in enumerate((Role.SCALE, Role.OFFSET, Role.MEAN, Role.VAR), start=1):
        array = node.required(index)
        if len(array.shape) != 1 or x.sizes["C"] not in (None, *array.shape):
            raise ForeignError(f"{node.op} with a {role} of shape {array.shape}")
        weights[role] = builder.weight(array, "C")
    eps = decimal(node.get(attributes, "epsilon", 1e-5))
    decay = decimal(node.get(attributes, "momentum", 0.9))
    return builder.then(node.name, BatchNorm(weights, eps, decay), x)


def gemm(node: Node, builder: GraphBuilder) -> FeatureMap:
    """Gemm: alpha * A' * B' + beta * C."""
    x, kernel, bias = node.map_with("NC"), node.required(1), node.constant(2)
    attributes = node.only("alpha", "beta", "transA", "transB")
    scales = node.get(attributes, "alpha", 1.0), node.get(attributes, "beta", 1.0)
    if scales != (1.0, 1.0) or node.get(attributes, "transA", 0):
        raise ForeignError(node.text(), "a dense layer")
    axes = "OI" if node.get(attributes, "transB", 0) else "IO"
    return translate.dense(node.name, builder, x, kernel, axes, bias)


def matmul(node: Node, builder: GraphBuilder) -> FeatureMap:
    """MatMul with a constant matrix. Its bias, if it has one, is a separate Add."""
    node.only()
    return translate.dense(node.name, builder, node.map(0), node.required(1), "IO", None)


def _undilated(node: Node) -> Window:
    """The window of a pool."""
    window = _window(node, None)
    if window.dilations != (1, 1):
        raise ForeignError(f"{node.op} with dilations {window.dilations}", "no dilation")
    return window


def _window(node: Node, kernel: Pair | None) -> Window:
    """The window of a node; of a convolution, the size of its kernel."""
    attributes = node.attributes()
    size = node.get(attributes, "kernel_shape", kernel or ())
    strides = node.get(attributes, "strides", (1, 1))
    dilations = node.get(attributes, "dilations", (1, 1))
    if len(size) != 2 or len(strides) != 2 or len(dilations) != 2 or kernel not in (None, size):
        raise ForeignError(f"{node.op} with a window of {size}", "a 2-D window")
    if min(*size, *strides, *dilations) < 1:
        raise ForeignError(f"{node.op} with kernel {size}, strides {strides}")
    return Window((size[0], size[1]), (strides[0], strides[1]), (dilations[0], dilations[1]))


def _pads(node: Node, window: Window, x: FeatureMap) -> AnyPads:
    """The padding of a node. ONNX has (top, left, bottom, right)."""
    attributes = node.attributes()
    rule = node.get(attributes, "auto_pad", "NOTSET")
    numbers = node.get(attributes, "pads", ())
    if rule == "NOTSET":
        if len(numbers) not in (0, 4) or any(n < 0 for n in numbers):
            raise ForeignError(f"{node.op} with pads {numbers}")
        top, left, bottom, right = numbers or (0, 0, 0, 0)
        return Pads(top, bottom, left, right)
    if any(numbers):
        raise ForeignError(f"{node.op} with pads {numbers} and auto_pad {rule}")
    height, width = x.spatial
    match rule:
        case "VALID":
            return NO_PADS
        case "SAME_UPPER":
            return Same()
        case "SAME_LOWER" if height is not None and width is not None:
            return same_pads(window, (height, width), first=True)
        case "SAME_LOWER" if window.strides == (1, 1) and all(n % 2 for n in window.reach):
            return Same()  # as many rows and columns on every edge
    raise ForeignError(f"{node.op} with auto_pad {rule}", "SAME_UPPER")


def _ceil_pads(window: Window, x: FeatureMap, pads: Pads) -> Pads:
    """The padding with which a pool that rounds down equals one that rounds up."""
    if window.strides == (1, 1):
        return pads
    height, width = x.spatial
    if height is None or width is None:
        raise ForeignError("max-pool with ceil_mode", "a max-pool whose size is rounded down")
    rows, columns = output_size(window, (height, width), pads, ceil_mode=True)
    assert rows is not None and columns is not None, "the input has a size"
    (down, right), (reach_down, reach_right) = window.strides, window.reach
    bottom = (rows - 1) * down + reach_down - height - pads.top
    end = (columns - 1) * right + reach_right - width - pads.left
    return pads._replace(bottom=max(bottom, pads.bottom), right=max(end, pads.right))
