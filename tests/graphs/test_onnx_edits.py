"""An ONNX graph that was changed is read as what it is; a graph that is no network is refused."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import resnet_duet
import resnet_spec
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.graphs import operations as ops
from resnet_duet.graphs.onnx import read
from resnet_spec.layers import Role
from tests.graphs.onnx_files import foreign
from tests.support.networks import short, thin

SPEC = replace(short(thin(resnet_spec.get("resnet18"))), depths=(1, 1, 1, 1))


@pytest.fixture
def model() -> onnx.ModelProto:
    return resnet_duet.onnx.build(SPEC, resnet_duet.random_weights(SPEC, 0))


def node(model, name: str) -> onnx.NodeProto:
    return next(node for node in model.graph.node if node.name == name)


def change(model, name: str, op: str, **settings) -> None:
    """Replace the operator of a node, and its attributes."""
    found = node(model, name)
    found.op_type = op
    del found.attribute[:]
    found.attribute.extend(helper.make_attribute(key, value) for key, value in settings.items())


def set_attribute(model, name: str, key: str, value) -> None:
    found = node(model, name)
    others = [attribute for attribute in found.attribute if attribute.name != key]
    del found.attribute[:]
    found.attribute.extend([*others, helper.make_attribute(key, value)])


def kind(model, name: str) -> ops.Kind:
    return next(op.kind for op in read(model)[0].operations if op.name == name)


@pytest.mark.parametrize(
    ("name", "op", "settings", "expected"),
    [
        ("layer1.0.relu1", "LeakyRelu", {"alpha": 0.3}, ops.Foreign("LeakyRelu(alpha=0.3)",
         "ReLU")),
        ("layer1.0.relu1", "Clip", {"min": 0.0, "max": 6.0}, ops.Foreign("Clip(0, 6)", "ReLU")),
        ("layer1.0.relu1", "Clip", {"min": 0.0}, ops.Rectifier()),
        ("layer1.0.relu1", "Relu", {"slope": 0.1}, ops.Foreign("Relu(slope=0.1)")),
        ("layer1.0.relu1", "Tanh", {}, ops.Foreign("Tanh", "ReLU")),
        ("layer1.0.add", "Max", {}, ops.Foreign("Max", "Add")),
        ("layer1.0.add", "Sub", {}, ops.Foreign("Sub", "Add")),
        ("layer1.0.add", "Mul", {}, ops.Foreign("Mul of tensors", "Add")),
        ("layer1.0.add", "Concat", {"axis": 1}, None),
        ("layer1.0.relu2", "Softmax", {"axis": 1}, None),
        ("layer1.0.relu2", "QuantizeLinear", {}, ops.Foreign("QuantizeLinear")),
        ("layer1.0.relu2", "GlobalLpPool", {"p": 2}, None),
    ],
)  # fmt: skip
def test_another_operator_is_read_as_what_it_is(model, name, op, settings, expected):
    change(model, name, op, **settings)
    if expected is None:
        assert isinstance(kind(model, name), ops.Foreign)
    else:
        assert kind(model, name) == expected


def test_another_pool_before_the_classifier_is_foreign(model):
    change(model, "avgpool.mean", "GlobalMaxPool")
    assert kind(model, "avgpool.mean") == ops.Foreign("GlobalMaxPool", "a global average pool")


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("strides", [2, 1], "strides", (2, 1)),
        ("dilations", [2, 3], "dilations", (2, 3)),
        ("pads", [0, 1, 2, 3], "pads", ops.Pads(top=0, left=1, bottom=2, right=3)),
        ("auto_pad", "SAME_UPPER", "pads", ops.Same()),
    ],
)
def test_attributes_of_a_convolution_are_read_by_edge_and_direction(
    model, key, value, field, expected
):
    if key == "auto_pad":
        set_attribute(model, "layer1.0.conv1", "pads", [0, 0, 0, 0])
    set_attribute(model, "layer1.0.conv1", key, value)
    assert getattr(kind(model, "layer1.0.conv1"), field) == expected


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("layer1.0.conv1", "auto_pad", "SAME_LOWER_STRANGE"),
        ("layer1.0.conv1", "activation", "Relu"),
        ("layer2.0.conv1", "pads", [-1, 0, 0, 0]),
        ("layer1.0.bn1", "training_mode", 1),
        ("maxpool", "ceil_mode", 1),
        ("maxpool", "dilations", [2, 2]),
        ("fc", "alpha", 0.5),
        ("fc", "transA", 1),
    ],
)
def test_an_attribute_without_counterpart_is_foreign(model, name, key, value):
    set_attribute(model, name, key, value)
    assert isinstance(kind(model, name), ops.Foreign)


def test_the_eps_of_a_norm_is_the_decimal_number_that_its_float32_means(model):
    set_attribute(model, "layer1.0.bn1", "epsilon", 1.001e-5)
    assert kind(model, "layer1.0.bn1").eps == 1.001e-5


def test_a_sum_reads_the_tensors_that_the_file_names(model):
    node(model, "layer2.0.add").input[1] = "maxpool"
    graph, _ = read(model)
    found = next(op for op in graph.operations if op.name == "layer2.0.add")
    assert found.inputs == ("layer2.0.bn2", "maxpool")
    assert isinstance(found.kind, ops.Foreign), "the channels differ"


def test_a_kernel_that_is_transposed_keeps_its_array_and_gets_other_letters(model):
    kernel = next(t for t in model.graph.initializer if t.name == "conv1.weight")
    values = numpy_helper.to_array(kernel)
    kernel.CopyFrom(numpy_helper.from_array(values.transpose(2, 3, 1, 0).copy(), kernel.name))
    transposed = helper.make_node("Transpose", [kernel.name], ["k"], "t", perm=[3, 2, 0, 1])
    model.graph.node.insert(0, transposed)
    node(model, "conv1").input[1] = "k"
    weight = kind(model, "conv1").kernel
    assert weight == ops.Weight("conv1.weight", "HWIO", values.transpose(2, 3, 1, 0).shape)


def test_a_scale_and_an_offset_are_one_norm(model):
    scale, offset = (numpy_helper.from_array(np.ones((8, 1, 1)), name) for name in "ab")
    model.graph.initializer.extend([scale, offset])
    found = node(model, "bn1")
    found.CopyFrom(helper.make_node("Mul", [found.input[0], "a"], ["scaled"], "scaled"))
    after = helper.make_node("Add", ["b", "scaled"], ["bn1"], "bn1")
    model.graph.node.insert(list(model.graph.node).index(found) + 1, after)
    norm = kind(model, "bn1")
    assert norm.weights[Role.SCALE] == ops.Weight("a", "C11", (8, 1, 1))
    assert norm.weights[Role.OFFSET] == ops.Weight("b", "C11", (8, 1, 1))
    assert norm.weights[Role.VAR].value + norm.eps == 1


def test_an_operator_of_another_domain_or_of_the_file_itself_is_foreign(model):
    node(model, "relu").domain = "com.microsoft"
    assert foreign(read(model)[0]) == ["com.microsoft.Relu"]
    node(model, "relu").domain = ""
    function = model.functions.add(name="Relu", domain="")
    function.node.append(helper.make_node("Tanh", ["x"], ["y"]))
    assert "Relu" in foreign(read(model)[0])


def second_input(model):
    value = helper.make_tensor_value_info("mask", TensorProto.DOUBLE, [1])
    model.graph.input.append(value)


def no_input(model):
    del model.graph.input[:]


def no_output(model):
    del model.graph.output[:]


def constant_output(model):
    model.graph.output[0].name = "fc.bias"


def a_tensor_twice(model):
    node(model, "relu").output[0] = "bn1"


def an_array_twice(model):
    model.graph.initializer.append(model.graph.initializer[0])


def a_tensor_named_as_an_array(model):
    node(model, "relu").output[0] = "fc.bias"


def a_missing_tensor(model):
    node(model, "relu").input[0] = "nowhere"


def a_cycle(model):
    node(model, "relu").input[0] = "layer1.0.add"


def flat_image(model):
    del model.graph.input[0].type.tensor_type.shape.dim[2:]


def a_newer_opset(model):
    model.opset_import[0].version = 9999


def a_node_without_output(model):
    del node(model, "relu").output[:]


@pytest.mark.parametrize(
    ("break_graph", "message"),
    [
        (second_input, "one input, the image; this one has 2"),
        (no_input, "reads tensors|one input"),
        (no_output, "no output"),
        (constant_output, "does not depend on the image"),
        (a_tensor_twice, "names occur twice"),
        (an_array_twice, "names occur twice"),
        (a_tensor_named_as_an_array, "names occur twice"),
        (a_missing_tensor, "no earlier node writes"),
        (a_cycle, "no earlier node writes"),
        (flat_image, "has 2 axes"),
        (a_newer_opset, "operators of version 9999"),
        (a_node_without_output, "has no output"),
    ],
)
def test_a_graph_that_is_no_network_is_refused(model, break_graph, message, tmp_path):
    break_graph(model)
    with pytest.raises(FileError, match=message):
        read(model)
    path = tmp_path / "net.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FileError, match=message):
        formats.read(path)


def test_a_checkpoint_of_a_file_has_its_graph(model, tmp_path):
    onnx.save(model, tmp_path / "net.onnx")
    checkpoint = formats.read(tmp_path / "net.onnx")
    assert checkpoint.graph == read(model)[0]


@pytest.mark.parametrize("order", [[0, 1, 3, 2], [0, 3, 2, 1]])
def test_a_graph_that_exchanges_height_and_width_is_refused(model, order):
    image = model.graph.input[0].name
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    for each in list(model.graph.node):
        if image in each.output or (each.op_type == "Transpose" and image in each.input):
            model.graph.node.remove(each)
    model.graph.node.insert(0, helper.make_node("Transpose", [image], ["turned"], perm=order))
    first.input[0] = "turned"
    with pytest.raises(FileError, match="exchanges axes of its image"):
        read(model)
