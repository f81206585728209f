"""ONNX' reference implementation runs any graph in float64, with the names of layers if known."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet import onnx as onnx_builder
from resnet_duet.onnx.reference import input_layout, named_values, tracer, widened
from support.networks import EVEN, TOLERANCE, assert_close, images, matching_networks, nchw

NAME = "cifar_resnet20_b"


def graph_of(dtype, spec=NAME, layout="NCHW"):
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    return onnx_builder.build(spec, {n: a.astype(dtype) for n, a in weights.items()}, layout)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_graph_of_any_precision_is_computed_in_float64(dtype):
    """The result is that of a float64 network with the graph's weights."""
    model = graph_of(dtype)
    net = resnet_torch.build(NAME, dtype="float64")
    resnet_torch.write(net, {n: a.astype("float64") for n, a in onnx_builder.read(model).items()})
    x = images(EVEN)
    trace, expected = tracer(model)(x), resnet_torch.run(net, nchw(x))
    assert {array.dtype.name for array in trace.values()} == {"float64"}
    assert_close(trace["fc"], expected, "fc")
    assert list(trace)[-1] == "fc"
    assert model == graph_of(dtype), "the model itself is not changed"


def test_an_eps_is_the_decimal_number_and_not_its_float32():
    """The float32 of 1e-3 changes a trained network by more than the tolerance."""
    spec = resnet_spec.get(NAME, norm_eps=1e-3)
    torch_net, _ = matching_networks(spec)
    weights = resnet_torch.read(torch_net)
    small = {n: a * (1e-3 if n.endswith("running_var") else 1) for n, a in weights.items()}
    resnet_torch.write(torch_net, small)
    model = onnx_builder.build(spec, small)
    x = images(EVEN)
    expected = resnet_torch.run(torch_net, nchw(x))
    assert_close(tracer(model)(x)["fc"], expected, "fc", tolerance=1e-13)
    (rounded,) = ReferenceEvaluator(model).run(None, {"image": nchw(x)})
    assert np.abs(rounded - expected).max() > TOLERANCE * np.abs(expected).max()


def test_of_a_graph_without_metadata_only_the_output_is_traced():
    model = graph_of("float64", layout="NHWC")
    x = images(EVEN)
    expected = tracer(model)(x)["fc"]
    del model.metadata_props[:]
    assert named_values(model) == {}
    (name, output), *rest = tracer(model)(x).items()
    assert (name, rest) == ("logits", [])
    np.testing.assert_array_equal(output, expected)


def test_of_a_graph_that_an_optimizer_changed_only_the_output_is_traced():
    model = graph_of("float64")
    model.graph.node[3].name = "fused"
    assert list(tracer(model)(images(EVEN))) == ["logits"]


def test_constants_and_casts_are_widened_too():
    tenth = numpy_helper.from_array(np.float32([0.1]), "tenth")
    nodes = [
        helper.make_node("Constant", [], ["constant"], value=tenth),
        helper.make_node("Cast", ["x"], ["cast"], to=TensorProto.FLOAT16),
        helper.make_node("Add", ["cast", "constant"], ["y"]),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT16, ["n", 3, "h", "w"])
    wide = widened(helper.make_model(helper.make_graph(nodes, "g", [x], [y])))
    x = images((2, 3))
    (found,) = tracer(wide)(x).values()
    np.testing.assert_array_equal(found, x + np.float64(np.float32(0.1)))


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        (["n", 3, "h", "w"], "NCHW"),
        (["n", 3, 224, 224], "NCHW"),
        (["n", "h", "w", 3], "NHWC"),
        ([1, 224, 224, 3], "NHWC"),
        (["n", "c", "h", "w"], "NCHW"),
        (None, "NCHW"),
    ],
)
def test_the_input_layout_follows_from_the_fixed_sizes(shape, layout):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    node = helper.make_node("Identity", ["x"], ["y"])
    model = helper.make_model(helper.make_graph([node], "g", [x], [y]))
    assert input_layout(model) == layout
