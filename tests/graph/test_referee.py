"""The referee computes any graph in float64, and says what it was not told."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet import graph
from resnet_duet.proof.referee import axes_of, named_values, tracer, widened
from worlds import EVEN, SAME, assert_close, images, nchw, twins

NAME = "cifar_resnet20_b"


def graph_of(dtype, spec=NAME, axes="NCHW"):
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    return graph.build(spec, {n: a.astype(dtype) for n, a in weights.items()}, axes)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_graph_of_any_precision_is_computed_in_float64(dtype):
    """As a network of the rounded weights, and not in the graph's own arithmetic."""
    model = graph_of(dtype)
    net = resnet_torch.build(NAME, "float64")
    resnet_torch.write(net, {n: a.astype("float64") for n, a in graph.read(model).items()})
    x = images(EVEN)
    trace, want = tracer(model)(x), resnet_torch.run(net, nchw(x), training=False)
    assert {array.dtype.name for array in trace.values()} == {"float64"}
    assert_close(trace["fc"], want, "fc")
    assert list(trace)[-1] == "fc"
    assert model == graph_of(dtype), "the model itself is not touched"


def test_an_eps_is_the_decimal_that_was_written_and_not_its_float32():
    """Else a trained network with an eps of 1e-3 would be another one: see the referee."""
    spec = resnet_spec.get(NAME, norm_eps=1e-3)
    torch_net, _ = twins(spec)
    weights = resnet_torch.read(torch_net)
    small = {n: a * (1e-3 if n.endswith("running_var") else 1) for n, a in weights.items()}
    resnet_torch.write(torch_net, small)
    model = graph.build(spec, small)
    x = images(EVEN)
    want = resnet_torch.run(torch_net, nchw(x), training=False)
    assert_close(tracer(model)(x)["fc"], want, "fc", tolerance=1e-13)
    (plain,) = ReferenceEvaluator(model).run(None, {"image": nchw(x)})
    assert np.abs(plain - want).max() > SAME * np.abs(want).max()


def test_a_graph_of_others_gives_its_output_alone():
    model = graph_of("float64", axes="NHWC")
    x = images(EVEN)
    want = tracer(model)(x)["fc"]
    del model.metadata_props[:]
    assert named_values(model) == {}
    (name, output), *rest = tracer(model)(x).items()
    assert (name, rest) == ("logits", [])
    np.testing.assert_array_equal(output, want)


def test_a_graph_of_ours_that_an_optimizer_changed_is_one_of_others():
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
    given = images((2, 3))
    (found,) = tracer(wide)(given).values()
    np.testing.assert_array_equal(found, given + np.float64(np.float32(0.1)))


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        (["n", 3, "h", "w"], "NCHW"),
        (["n", 3, 224, 224], "NCHW"),
        (["n", "h", "w", 3], "NHWC"),
        ([1, 224, 224, 3], "NHWC"),
        (["n", "c", "h", "w"], "NCHW"),
        (None, "NCHW"),
    ],
)
def test_the_axes_of_images_are_seen_from_the_sizes_that_are_fixed(shape, axes):
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)
    node = helper.make_node("Identity", ["x"], ["y"])
    model = helper.make_model(helper.make_graph([node], "g", [x], [y]))
    assert axes_of(model) == axes
