"""Run ONNX graphs in float64 with ONNX' reference implementation, which is written in NumPy."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_duet.frameworks import Axes
from resnet_duet.metadata import METADATA_KEY, FileMetadata
from resnet_duet.weights.convert import relayout, to_nhwc
from resnet_spec import plan

# images (N, H, W, C) float64 -> {name: output (N, H, W, C) or (N, C) float64}
Tracer = Callable[[np.ndarray], dict[str, np.ndarray]]

if TYPE_CHECKING:
    import onnx
    from onnx.reference import ReferenceEvaluator


def tracer(model: "onnx.ModelProto") -> Tracer:
    """A function that runs a graph in float64, whatever its precision.

    Args:
        model: a graph; it is not changed.

    Returns:
        A function from images (N, H, W, C) to the outputs {name: (N, H, W, C) or (N, C)} of every
        layer, block and stage for a graph of `build`, or to the output of another graph.
    """
    from onnx.reference import ReferenceEvaluator

    wide = widened(model)
    axes, final = input_layout(wide), wide.graph.output[0].name
    values = named_values(wide) or {final: final}
    if final not in values.values():  # the graph goes on after the last layer
        values |= {final: final}
    evaluator = ReferenceEvaluator(wide)
    _use_decimal_eps(evaluator)

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        inputs = relayout(images.astype(np.float64), "NHWC", axes)
        found: Any = evaluator.run(None, {image_of(wide).name: inputs}, intermediate=True)
        return {
            name: to_nhwc(found[value], axes if value == final else "NCHW")
            for name, value in values.items()
        }

    return trace


def widened(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """A copy of a graph with float64 for every other floating-point precision."""
    import onnx

    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    graph = wide.graph
    del graph.value_info[:]
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.elem_type = _wide_type(value.type.tensor_type.elem_type)
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    for tensor in (*graph.initializer, *(a.t for a in attributes if a.HasField("t"))):
        _widen(tensor)
    for attribute in (a for node in graph.node if node.op_type == "Cast" for a in node.attribute):
        attribute.i = _wide_type(attribute.i)
    return wide


def image_of(model: "onnx.ModelProto") -> "onnx.ValueInfoProto":
    """The graph's input. Older graphs list their initializers as inputs too."""
    initializers = {tensor.name for tensor in model.graph.initializer}
    inputs: list[onnx.ValueInfoProto] = list(model.graph.input)
    return next(value for value in inputs if value.name not in initializers)


def input_layout(model: "onnx.ModelProto") -> Axes:
    """The layout of the graph's images. The channels have a fixed size, or the smaller one."""
    sizes = [dim.dim_value for dim in image_of(model).type.tensor_type.shape.dim]
    if len(sizes) != 4 or not sizes[3]:
        return "NCHW"
    return "NHWC" if not sizes[1] or sizes[3] < sizes[1] else "NCHW"


def named_values(model: "onnx.ModelProto") -> dict[str, str]:
    """The tensors of a graph of `build` that are outputs of layers, blocks and stages.

    Returns:
        {name of a layer, block or stage: name of its tensor}, in execution order; {} for a graph
        that `build` did not make, or that was changed since.
    """
    texts = {item.key: item.value for item in model.metadata_props}
    if METADATA_KEY not in texts:
        return {}
    spec = FileMetadata.from_json(texts[METADATA_KEY]).spec
    outputs = plan(spec).outputs()
    layers = {name: outputs.get(name, name) for name in plan(spec).execution_order()}
    values = {node.name: node.output[0] for node in model.graph.node}
    if not set(layers.values()) <= set(values):  # an optimizer has changed the graph
        return {}
    # A last feature map that is transposed is compared in the layout of the output.
    last = model.graph.node[-1]
    transposed = {last.input[0]: last.output[0]} if last.op_type == "Transpose" else {}
    return {name: transposed.get(values[layer], values[layer]) for name, layer in layers.items()}


def _wide_type(dtype_code: int) -> int:
    from onnx import TensorProto

    narrow = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    return TensorProto.DOUBLE if dtype_code in narrow else dtype_code


def _widen(tensor: "onnx.TensorProto") -> None:
    from onnx import numpy_helper

    if tensor.data_type != _wide_type(tensor.data_type):
        array = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def _use_decimal_eps(evaluator: "ReferenceEvaluator") -> None:
    """Replace the eps of each norm by the decimal number that it stands for.

    ONNX stores attributes in float32, whatever the graph's precision, so 1e-3 becomes
    0.0010000000474974513. That changes the logits of a trained network by 2.5e-10 of their size
    (1.5e-12 to 4.4e-12 for 1e-5), as much as a real mistake can.
    """
    for node in evaluator.rt_nodes_:
        if node.op_type == "BatchNormalization":
            node.epsilon = float(str(np.float32(node.epsilon)))
