"""The function of a whole model is run by its own library, not built of its arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np
import onnx
import pytest
import torch

import resnet_duet
import resnet_torch
from resnet_duet.comparison.adapters import subject
from resnet_duet.comparison.adapters.checkpoint import of_file, opened
from resnet_duet.comparison.outputs import SOFTMAX_REMOVED
from resnet_duet.errors import FileError
from resnet_duet.formats.trust import Trust
from resnet_spec import ResNetError
from support.whole_models import (
    SPEC,
    WithSoftmax,
    leaky,
    leaky_module,
    networks,
    rebuilt,
    renamed,
    save_keras,
    save_torch,
    softmax,
)


@pytest.fixture(scope="module")
def nets():
    return networks()


@pytest.fixture(scope="module")
def plain(nets, tmp_path_factory):
    """The weights of the network, without a function."""
    path = tmp_path_factory.mktemp("plain") / "plain.safetensors"
    resnet_duet.save(nets.torch, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_keras_file_matches_its_weights_and_one_with_another_activation_does_not(
    nets, plain, tmp_path, ending
):
    right = save_keras(nets.keras, tmp_path / f"right{ending}")
    wrong = save_keras(rebuilt(nets.keras, leaky), tmp_path / f"wrong{ending}")
    found = resnet_duet.compare(right, plain)
    assert found.match
    assert found.precision == "float64"
    assert found.own_functions == (True, False)
    assert not resnet_duet.compare(wrong, plain).match
    assert not resnet_duet.compare(plain, wrong).match


def test_a_model_with_other_layer_names_is_run(nets, plain, tmp_path):
    file = save_keras(rebuilt(nets.keras, renamed), tmp_path / "renamed.keras")
    found = resnet_duet.compare(file, plain)
    assert found.match
    assert found.layers[-1].shape == (2, SPEC.num_classes)


@pytest.mark.slow
def test_a_network_outside_the_family_is_run(tmp_path):
    image = keras.Input((12, 10, 3))
    pooled = keras.layers.GlobalMaxPooling2D()(keras.layers.Conv2D(4, 3, activation="gelu")(image))
    model = keras.Model(image, keras.layers.Dense(5)(pooled))
    file = save_keras(model, tmp_path / "other.keras")
    assert resnet_duet.compare(file, model).match
    other = save_keras(keras.models.clone_model(model), tmp_path / "second.keras")  # new weights
    assert not resnet_duet.compare(file, other).match


def test_a_final_softmax_is_removed_and_the_result_says_so(nets, plain, tmp_path):
    file = save_keras(rebuilt(nets.keras, softmax), tmp_path / "softmax.keras")
    found = resnet_duet.compare(file, plain)
    assert found.match
    assert found.precision == "float64"
    assert found.notes == (f"{file}: {SOFTMAX_REMOVED}",)
    assert SOFTMAX_REMOVED in str(found)


@pytest.mark.slow
@pytest.mark.parametrize("layer", ["Softmax", "Activation"])
def test_a_softmax_layer_is_removed_too(nets, plain, tmp_path, layer):
    last = keras.layers.Softmax() if layer == "Softmax" else keras.layers.Activation("softmax")
    model = keras.Model(nets.keras.inputs, last(nets.keras.output))
    file = save_keras(model, tmp_path / "softmax.keras")
    found = resnet_duet.compare(file, plain)
    assert found.match
    assert found.notes == (f"{file}: {SOFTMAX_REMOVED}",)


def test_a_nested_model_is_run_in_float64(nets, plain, tmp_path):
    image = keras.Input((None, None, 3))
    model = keras.Model(image, nets.keras(image))
    file = save_keras(model, tmp_path / "nested.keras")
    found = resnet_duet.compare(file, plain)
    assert found.match
    assert found.precision == "float64"


@pytest.mark.slow
def test_a_saturated_softmax_is_removed_before_it_hides_a_difference(nets, tmp_path):
    """One-hot outputs of two networks are equal where their logits differ."""
    scaled = rebuilt(nets.keras, softmax)
    kernel, bias = scaled.layers[-1].get_weights()
    scaled.layers[-1].set_weights([kernel * 1000, bias * 1000])
    one = save_keras(scaled, tmp_path / "one.keras")
    scaled.layers[-1].set_weights([kernel * 2000, bias * 2000])
    two = save_keras(scaled, tmp_path / "two.keras")
    assert not resnet_duet.compare(one, two).match


@pytest.mark.slow
def test_pooled_features_are_compared_with_the_averaged_feature_map(tmp_path):
    spec = resnet_torch.build(SPEC, num_classes=None).spec
    nets = networks(spec)
    resnet_duet.save(nets.torch, tmp_path / "plain.safetensors")
    for pool, match in (("Average", True), ("Max", False)):
        layer = getattr(keras.layers, f"Global{pool}Pooling2D")()
        model = keras.Model(nets.keras.inputs, layer(nets.keras.output))
        file = save_keras(model, tmp_path / f"{pool}.keras")
        found = resnet_duet.compare(file, tmp_path / "plain.safetensors")
        assert found.match is match
        assert "averaged over height and width" in found.notes[0]


def test_code_in_a_keras_file_is_not_run_and_its_layer_is_named(tmp_path):
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, keras.layers.Lambda(lambda x: x * 2, name="twice")(image))
    for ending in (".keras", ".h5"):
        file = save_keras(model, tmp_path / f"lambda{ending}")
        with pytest.raises(FileError, match="'twice' is a Lambda"):
            subject(file)


@pytest.mark.parametrize("role", ["input", "output"])
def test_a_model_of_several_inputs_or_outputs_is_refused(tmp_path, role):
    one, two = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    conv = keras.layers.Conv2D(2, 1)
    if role == "input":
        model = keras.Model([one, two], conv(one + two))
    else:
        model = keras.Model(one, [conv(one), one])
    file = save_keras(model, tmp_path / "two.keras")
    with pytest.raises(FileError, match=f"the model has 2 {role}s"):
        subject(file)


@dataclass(frozen=True)
class Kind:
    """A kind of whole model.

    Attributes:
        name: of its files.
        write: (network, path) -> path.
        is_keras: whether Keras writes it.
        precision: of its comparison with the weights.
    """

    name: str
    write: Callable
    is_keras: bool
    precision: str


KINDS = [
    Kind("torch.onnx", save_torch, False, "float32"),  # its norms are folded
    Kind("keras.onnx", save_keras, True, "float32"),
    Kind("script.pt", save_torch, False, "float64"),
    Kind("program.pt2", save_torch, False, "float64"),
    Kind("saved_model", save_keras, True, "float32"),
]


def run(path):
    return of_file(path, opened(path, Trust.CODE), Trust.CODE)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_whole_model_matches_its_weights_and_one_with_another_activation_does_not(
    nets, plain, tmp_path, kind
):
    net = nets.keras if kind.is_keras else nets.torch
    changed = rebuilt(nets.keras, leaky) if kind.is_keras else leaky_module(nets.torch)
    right = run(kind.write(net, tmp_path / f"right_{kind.name}"))
    wrong = run(kind.write(changed, tmp_path / f"wrong_{kind.name}"))
    found = resnet_duet.compare(right, plain)
    assert found.match
    assert found.precision == kind.precision
    assert found.own_functions == (True, False)
    different = resnet_duet.compare(wrong, plain)
    assert not different.match
    assert different.worst.error > 1e-2


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_softmax_is_removed_or_its_logarithm_is_compared(nets, plain, tmp_path, kind):
    net = rebuilt(nets.keras, softmax) if kind.is_keras else WithSoftmax(nets.torch)
    found = resnet_duet.compare(run(kind.write(net, tmp_path / kind.name)), plain)
    assert found.match
    assert "softmax" in found.notes[0]


@pytest.mark.slow
def test_a_saturated_softmax_never_hides_a_difference(nets, plain, tmp_path):
    class Scaled(torch.nn.Module):
        def __init__(self, scale):
            super().__init__()
            self.net, self.scale = nets.torch, scale

        def forward(self, images):
            return torch.softmax(self.net(images) * self.scale, 1)

    file = save_torch(Scaled(1e4), tmp_path / "saturated.pt")
    with pytest.raises(ResNetError, match="a softmax that is saturated"):
        resnet_duet.compare(run(file), plain)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".onnx", ".pt2"])
def test_a_program_for_one_image_runs_image_by_image(nets, plain, tmp_path, ending):
    found = resnet_duet.compare(run(save_torch(nets.torch, tmp_path / f"a{ending}", 1)), plain)
    assert found.match
    assert found.sizes == ((32, 40),)


@pytest.mark.slow
def test_two_programs_in_float32_are_judged_by_the_rounding_of_their_weights(nets, tmp_path):
    right = run(save_keras(nets.keras, tmp_path / "right"))
    wrong = run(save_keras(rebuilt(nets.keras, leaky), tmp_path / "wrong"))
    assert resnet_duet.compare(right, right).match
    assert not resnet_duet.compare(right, wrong).match


@pytest.mark.slow
def test_a_program_of_pytorch_is_not_run_without_trust(nets, plain, tmp_path):
    file = save_torch(nets.torch, tmp_path / "a.pt")
    with pytest.raises(FileError) as error:
        of_file(file, opened(file, Trust.DATA), Trust.DATA)
    assert "only run with --trust" in str(error.value)
    file = save_torch(nets.torch, tmp_path / "a.pt2")  # its graph can be read without
    found = resnet_duet.compare(of_file(file, opened(file, Trust.DATA), Trust.DATA), plain)
    assert found.match
    assert found.own_functions == (False, False)
    assert "our reading of the file, since" in found.notes[0]
    assert "only run with --trust" in found.notes[0]


def test_a_file_that_cannot_be_run_is_compared_with_our_reading_and_the_result_says_so(
    nets, plain, tmp_path, monkeypatch
):
    file = save_keras(nets.keras, tmp_path / "a.keras")

    def broken(*_arguments, **_options):
        raise ValueError("unknown version")

    monkeypatch.setattr(keras.models, "load_model", broken)
    found = resnet_duet.compare(file, plain)
    assert found.own_functions == (False, False)
    assert found.notes[0].startswith(f"{file}: compared with our reading of the file, since Keras")


def graph(nodes, inputs=("x",), outputs=("y",), domains=("",)):
    """An ONNX graph of one initializer."""
    value = partial(onnx.helper.make_tensor_value_info, elem_type=1, shape=[None, 3, None, None])
    kernel = onnx.numpy_helper.from_array(np.ones((2, 3, 1, 1), np.float32), "w")
    body = onnx.helper.make_graph(
        nodes, "g", [value(name) for name in inputs], [value(name) for name in outputs], [kernel]
    )
    versions = [onnx.helper.make_opsetid(domain, 17) for domain in domains]
    return onnx.helper.make_model(body, opset_imports=versions)


node = onnx.helper.make_node
HOSTILE = {
    "no input": (graph([node("Identity", ["w"], ["y"])], inputs=()), "needs one input"),
    "no output": (graph([node("Conv", ["x", "w"], ["y"])], outputs=()), "has no output"),
    "two inputs": (graph([node("Add", ["x", "z"], ["y"])], inputs=("x", "z")), "needs one input"),
    "unknown operator": (graph([node("Magic", ["x", "w"], ["y"])]), "cannot run the graph"),
    "unknown domain": (
        graph([node("Magic", ["x", "w"], ["y"], domain="my")], domains=("", "my")),
        "cannot run the graph",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_graph_that_cannot_be_run_is_refused_with_its_reason(tmp_path, case):
    model, words = HOSTILE[case]
    path = tmp_path / "hostile.onnx"
    onnx.save(model, path)
    with pytest.raises(FileError, match=words):
        subject(path)


def test_a_graph_that_goes_on_after_the_classifier_does_not_match(nets, plain, tmp_path):
    path = tmp_path / "more.onnx"
    resnet_duet.save(nets.torch, path)
    assert resnet_duet.compare(path, plain).match
    model = onnx.load(path)
    output = model.graph.output[0]
    model.graph.node.append(node("Tanh", [output.name], ["more"]))
    output.name = "more"
    onnx.save(model, path)
    assert not resnet_duet.compare(path, plain).match
