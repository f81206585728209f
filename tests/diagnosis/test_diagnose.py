"""`diagnose` identifies injected mistakes, and finds nothing in networks that match."""

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet import Function
from resnet_duet.diagnosis.diagnose import no_progress
from resnet_duet.diagnosis.evaluation import (
    finite_singles,
    inject,
    random_network,
    random_pairs,
    trained_network,
)
from resnet_duet.scenarios.networks import small
from resnet_spec import ResNetError
from support.custom_networks import custom_keras_net, custom_torch_net
from support.networks import matching_networks

FILES = (
    "akamaster/resnet20-12fca82f.th",
    "akamaster/resnet32-d509ac18.th",
    "distiller/checkpoint_trained_dense.pth.tar",
    "mlcommons/pretrainedResnet.h5",
)


def long(name):
    return pytest.param(name, marks=pytest.mark.long)


# Small copies, one mistake of each difference; benchmarks/confusion.py has all at full width.
NETS = ("cifar_resnet20", "keras_resnet50v2", *(long(n) for n in ("resnet50d", "resnext50_32x4d")))


def one_of_each(candidates):
    """The first mistake of each difference whose output is finite."""
    return {one.key[0]: one for one in [*finite_singles(candidates)][::-1]}.values()


def assert_identified(candidates):
    """Each injected mistake is identified, and nothing is found if it has no effect."""
    trials = [inject(candidates, candidate) for candidate in one_of_each(candidates)]
    assert [t for t in trials if not (t.is_identified or t.is_unnoticed)] == []
    assert all(t.explanations == () for t in trials if t.is_unnoticed)
    assert sum(t.is_identified for t in trials) >= 20


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_every_single_mistake_is_identified_unless_it_has_no_effect(name):
    assert_identified(random_network(small(name)))


@pytest.mark.slow
def test_every_single_mistake_is_identified_in_a_trained_network(data):
    assert_identified(trained_network(data / "mlcommons/pretrainedResnet.h5"))


@pytest.mark.slow
def test_nine_of_ten_random_pairs_are_identified():
    networks = [random_network(small(name)) for name in ("cifar_resnet20", "mlperf_resnet8")]
    trials = [inject(candidates, pair) for candidates, pair in random_pairs(networks, 10)]
    assert sum(t.is_identified for t in trials) >= 9, [t for t in trials if not t.is_identified]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cifar_resnet20", "mlperf_resnet8"])
def test_nothing_is_found_in_networks_that_match(name):
    torch_net, keras_net = matching_networks(name)
    for a, b in ((torch_net, keras_net), (keras_net, torch_net)):
        found = resnet_duet.diagnose(a, b)
        assert found.match
        assert found.explanations == ()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::resnet_duet.UndeterminedChoicesWarning")
@pytest.mark.parametrize("file", FILES)
def test_nothing_is_found_in_real_files(data, file):
    path = data / file
    other = resnet_duet.load(path, into="keras", dtype="float64")
    assert resnet_duet.diagnose(path, other).match


@pytest.mark.slow
def test_a_custom_network_with_two_mistakes_gets_both_named():
    """Two common mistakes in Keras: padding="same" at stride 2, and the default eps."""
    torch_net, keras_net = matching_networks("cifar_resnet20_b", dtype="float32")
    wrong = custom_keras_net(resnet_tf.read(keras_net), "same", {})
    found = resnet_duet.diagnose(torch_net, wrong)
    (causes,) = found.explanations
    assert {c.difference for c in causes} == {"same_convolution", "norm_eps"}
    norm = next(c for c in causes if c.difference == "norm_eps")
    assert "0.001" in norm.description
    assert "bn1" in norm.layers
    strided = next(c for c in causes if c.difference == "same_convolution")
    assert "layer2.0.conv1" in strided.layers
    assert 0 < norm.error < strided.error < 10 * found.error
    assert str(found).count("fix: ") == 2
    assert "Causes found (residual " in str(found)


@pytest.mark.slow
def test_a_mistake_of_a_float32_module_is_named_with_its_precision():
    torch_net, _ = matching_networks("cifar_resnet20_b")
    wrong = custom_torch_net(torch_net).float()
    for module in wrong.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3

    def call(images):
        with torch.no_grad():
            return wrong(torch.from_numpy(images).float()).numpy()

    found = resnet_duet.diagnose(torch_net, Function(call, "NCHW", None))
    assert found.precision == "float32"
    (causes,) = found.explanations
    assert [cause.difference for cause in causes] == ["norm_eps", "float32_arithmetic"]
    assert len(causes[0].layers) == 21  # the norms
    assert causes[1].layers[:2] == ("conv1", "bn1")  # every layer


@pytest.mark.long
@pytest.mark.parametrize(
    "max_causes", [1, pytest.param(2, marks=pytest.mark.slow)], ids=["singles", "pairs"]
)
def test_an_unknown_mistake_is_reported_with_the_first_diverging_layer(max_causes):
    torch_net, keras_net = matching_networks("mlperf_resnet8")
    offset = keras_net.get_layer("layer2.0.bn1").beta
    offset.assign(offset.numpy() + np.eye(1, 32)[0] * 0.1)
    found = resnet_duet.diagnose(torch_net, keras_net, max_causes=max_causes)
    assert not found.match
    assert found.explanations == ()
    assert found.first_divergence is not None
    assert found.first_divergence.layer == "layer2.0.bn1"
    assert found.residual == found.error
    kind = {1: "single causes", 2: "combinations"}[max_causes]
    assert f"No known cause among {found.tried:,} {kind}." in str(found)
    assert "First diverging layer: layer2.0.bn1: relative error" in str(found)
    assert found.tried < 100 if max_causes == 1 else found.tried > 500


def test_a_search_reports_its_progress():
    torch_net, keras_net = matching_networks("mlperf_resnet8")
    descriptions = []

    def progress(items, description):
        descriptions.append(description)
        return no_progress(items, description)

    wrong = resnet_tf.build(resnet_spec.get("mlperf_resnet8", norm_eps=1e-5), "float64")
    resnet_tf.write(wrong, resnet_tf.read(keras_net))
    assert not resnet_duet.diagnose(torch_net, wrong, progress).match
    assert descriptions == ["testing single causes"]


class Squared(torch.nn.Module):
    """torchvision's names, with an output that is not that of a ResNet."""

    def __init__(self, net):
        super().__init__()
        for name, child in net.named_children():
            self.add_module(name, child)
        self.whole = [net]

    def forward(self, x):
        return self.whole[0](x) ** 2


@pytest.mark.parametrize(
    ("a", "b", "line"),
    [
        (Function(lambda x: x, "NHWC", None), "net", "cannot be the reference, since its weights"),
        ("squared", "net", "cannot be the reference: its outputs are not those of a ResNet"),
        ("net", Function(lambda x: np.full((2, 10), np.inf), "NHWC", None), "NaN or infinity"),
        ("net", Function(lambda x: np.ones((2, 3)), "NHWC", None), "returns shape 2x10, .* 2x3"),
        ("net", Function(lambda x: 1 / 0, "NHWC", None), "ZeroDivisionError"),
    ],
)
def test_networks_that_cannot_be_diagnosed_are_a_clear_error(a, b, line):
    net = resnet_torch.build("mlperf_resnet8", "float64").eval()
    named = {"net": net, "squared": Squared(net)}
    with pytest.raises(ResNetError, match=line) as raised:
        resnet_duet.diagnose(*(named[x] if isinstance(x, str) else x for x in (a, b)))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("number", [0, 5])
def test_a_number_of_causes_out_of_range_is_refused(number):
    with pytest.raises(ResNetError, match=f"max_causes must be 1 to 4, not {number}"):
        resnet_duet.diagnose("a.pth", "b.pth", max_causes=number)


def test_the_real_files_exist(data):
    assert all((data / file).is_file() for file in FILES)
