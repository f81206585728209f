"""The steps of a network as an ONNX graph of this project's own writer, under random names."""

from dataclasses import replace

import onnx
from onnx import TensorProto, helper, numpy_helper

from resnet_duet.onnx.layers import Value, build_layer
from resnet_duet.onnx.network import IR_VERSION, OPSET
from resnet_duet.weights.dialects.torchvision import DIALECT
from tests.support.corpus_steps import (
    Activated,
    Function,
    GlobalMaxPool,
    Merge,
    StemAveragePool,
    Step,
    Steps,
    Weights,
)

MERGES = {
    Merge.ADD: "Add",
    Merge.MAXIMUM: "Max",
    Merge.AVERAGE: "Mean",
    Merge.SUBTRACT: "Sub",
    Merge.MULTIPLY: "Mul",
}


def graph_of(steps: Steps, weights: Weights) -> onnx.ModelProto:
    """A graph in float32 for images (N, 3, H, W) of any size, without metadata.

    Args:
        steps: of the network.
        weights: of the steps.
    """
    graph, image = onnx.GraphProto(name="g"), steps[0].inputs[0]
    shape = ["n", 3, "h", "w"]
    graph.input.append(helper.make_tensor_value_info(image, TensorProto.FLOAT, shape))
    for step in steps:
        append(graph, step)
    arrays = {
        DIALECT.array_name(owner(step), role): array
        for step in steps
        for role, array in weights.get(step.name, {}).items()
    }
    for tensor in graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(arrays[tensor.name], tensor.name))
    shape = ["n", None]
    graph.output.append(helper.make_tensor_value_info(steps[-1].name, TensorProto.FLOAT, shape))
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)


def owner(step: Step) -> str:
    """The name of the node that has the weights of a step."""
    return f"{step.name}_" if isinstance(step.operation, Activated) else step.name


def append(graph: onnx.GraphProto, step: Step) -> None:
    """Append the nodes of a step."""
    x, *others = (Value(graph, name) for name in step.inputs)
    match step.operation:
        case Merge() as merge:
            x.then(MERGES[merge], step.name, [other.name for other in others])
        case Function() as function:
            apply(function, x, step.name)
        case Activated(layer, function):
            apply(function, build_layer(replace(layer, name=owner(step)), x), step.name)
        case StemAveragePool():
            settings = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1] * 4}
            x.then("AveragePool", step.name, (), {**settings, "count_include_pad": 1})
        case GlobalMaxPool():
            x.then("GlobalMaxPool", f"{step.name}_").then("Flatten", step.name)
        case layer:
            build_layer(replace(layer, name=step.name), x)


def apply(function: Function, x: Value, name: str) -> None:
    """Append a function of each value."""
    match function:
        case Function.LEAKY:
            x.then("LeakyRelu", name, (), {"alpha": 0.3})
        case Function.RELU6:
            for bound, value in (("low", 0.0), ("high", 6.0)):
                tensor = helper.make_tensor(f"{name}_{bound}", TensorProto.FLOAT, [], [value])
                node = helper.make_node("Constant", [], [tensor.name], tensor.name, value=tensor)
                x.graph.node.append(node)
            x.then("Clip", name, [f"{name}_low", f"{name}_high"])
        case Function.GELU:  # opset 17 has no Gelu; x * sigmoid(1.702 x) is an approximation
            factor = helper.make_tensor(f"{name}_factor", TensorProto.FLOAT, [], [1.702])
            node = helper.make_node("Constant", [], [factor.name], factor.name, value=factor)
            x.graph.node.append(node)
            gate = x.then("Mul", f"{name}_scaled", [factor.name]).then("Sigmoid", f"{name}_gate")
            x.then("Mul", name, [gate.name])
        case Function.TANH:
            x.then("Tanh", name)
        case Function.SIGMOID:
            x.then("Sigmoid", name)
