"""ONNX graphs in float64, by ONNX' own reference implementation: NumPy, and neither framework."""

from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_duet.port.convert import relayout
from resnet_duet.port.label import KEY, Label
from resnet_duet.proof.adapters.naming import running_order
from resnet_duet.proof.network import Tracer, to_nhwc
from resnet_spec import plan

if TYPE_CHECKING:
    import onnx
    from onnx.reference import ReferenceEvaluator

NCHW, NHWC = "NCHW", "NHWC"


def tracer(model: "onnx.ModelProto") -> Tracer:
    """A function that runs the graph in float64, whatever precision it is written in.

    It gives every layer, block and stage of a graph of ours, as `resnet_torch.trace` does, and the
    output of anybody else's. What it computes is the graph's; only names are the plan's.
    """
    from onnx.reference import ReferenceEvaluator

    wide = widened(model)
    axes, final = axes_of(wide), wide.graph.output[0].name
    values = named_values(wide) or {final: final}
    evaluator = ReferenceEvaluator(wide)
    _read_as_decimals(evaluator)

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        given = relayout(images.astype(np.float64), NHWC, axes)
        found: Any = evaluator.run(None, {image_of(wide).name: given}, intermediate=True)
        return {
            name: to_nhwc(found[value], axes if value == final else NCHW)
            for name, value in values.items()
        }

    return trace


def widened(model: "onnx.ModelProto") -> "onnx.ModelProto":
    """The same graph with float64 where it had another floating precision."""
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
    """The graph's input; older graphs list their initializers as inputs too."""
    held = {tensor.name for tensor in model.graph.initializer}
    return next(value for value in model.graph.input if value.name not in held)


def axes_of(model: "onnx.ModelProto") -> str:
    """The layout of the graph's images: the axis of channels has a size, or the smaller one."""
    sizes = [dim.dim_value for dim in image_of(model).type.tensor_type.shape.dim]
    if len(sizes) != 4 or not sizes[3]:
        return NCHW
    return NHWC if not sizes[1] or sizes[3] < sizes[1] else NCHW


def named_values(model: "onnx.ModelProto") -> dict[str, str]:
    """{layer, block or stage: its value}, in running order; {} of a graph that is none of ours."""
    texts = {item.key: item.value for item in model.metadata_props}
    if KEY not in texts:
        return {}
    spec = Label.from_json(texts[KEY]).spec
    outputs = plan(spec).outputs()
    layers = {name: outputs.get(name, name) for name in running_order(spec)}
    values = {node.name: node.output[0] for node in model.graph.node}
    if not set(layers.values()) <= set(values):  # somebody's optimizer has been here
        return {}
    # A feature map that is turned at the end is judged as it comes out.
    last = model.graph.node[-1]
    turned = {last.input[0]: last.output[0]} if last.op_type == "Transpose" else {}
    return {name: turned.get(values[layer], values[layer]) for name, layer in layers.items()}


def _wide_type(kind: int) -> int:
    from onnx import TensorProto

    narrow = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    return TensorProto.DOUBLE if kind in narrow else kind


def _widen(tensor: "onnx.TensorProto") -> None:
    from onnx import numpy_helper

    if tensor.data_type != _wide_type(tensor.data_type):
        array = numpy_helper.to_array(tensor).astype(np.float64)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def _read_as_decimals(evaluator: "ReferenceEvaluator") -> None:
    """Take a norm's eps for the decimal that was meant.

    ONNX keeps attributes in float32 whatever the graph computes in, and 1e-3 comes back as
    0.0010000000474974513. That alone moves the logits of a trained network by 2.5e-10 of
    themselves (with 1e-5, by 1.5e-12 to 4.4e-12), as much as a mistake that is looked for.
    """
    for node in evaluator.rt_nodes_:
        if node.op_type == "BatchNormalization":
            node.epsilon = float(str(np.float32(node.epsilon)))
