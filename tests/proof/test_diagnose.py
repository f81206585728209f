"""Whom `diagnose` blames: who is planted, and nobody where nothing is wrong."""

from pathlib import Path

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from benchmarks.confusion import FILES, drawn_pairs, plant, random_lineup, real_lineup, visible
from proof.own_nets import own_keras_net, own_torch_net
from resnet_duet import Function
from resnet_duet.experiments.nets import small
from resnet_duet.proof.diagnose import in_silence
from resnet_spec import ResNetError
from worlds import twins


def long(name):
    return pytest.param(name, marks=pytest.mark.long)


def one_of_each(lineup):
    """The first mistake of each difference that gives numbers."""
    return {suspect.key[0]: suspect for suspect in [*visible(lineup)][::-1]}.values()


# Small copies, one mistake of each difference; benchmarks/confusion.py has all at full width.
NETS = ("cifar_resnet20", "keras_resnet50v2", *(long(n) for n in ("resnet50d", "resnext50_32x4d")))


def assert_named(lineup):
    """Each planted mistake is named, and nothing is blamed where nothing comes of it."""
    trials = [plant(lineup, suspect) for suspect in one_of_each(lineup)]
    assert [t for t in trials if not (t.named or t.hidden)] == []
    assert all(t.blamed == () for t in trials if t.hidden)
    assert sum(t.named for t in trials) >= 20


@pytest.mark.parametrize("name", NETS)
def test_every_single_mistake_is_named_unless_it_changes_nothing(name):
    assert_named(random_lineup(small(name)))


@pytest.mark.slow
def test_every_single_mistake_is_named_in_somebodys_trained_network(data):
    assert_named(real_lineup(data / "mlcommons/pretrainedResnet.h5"))


@pytest.mark.slow
def test_of_random_pairs_nine_in_ten_are_named():
    lineups = [random_lineup(small(name)) for name in ("cifar_resnet20", "mlperf_resnet8")]
    trials = [plant(lineup, pair) for lineup, pair in drawn_pairs(lineups, 10)]
    assert sum(t.named for t in trials) >= 9, [t for t in trials if not t.named]


@pytest.mark.parametrize("name", ["cifar_resnet20", "mlperf_resnet8"])
def test_nothing_is_blamed_where_nothing_is_wrong(name):
    torch_net, keras_net = twins(name)
    for a, b in ((torch_net, keras_net), (keras_net, torch_net)):
        found = resnet_duet.diagnose(a, b)
        assert found.same
        assert found.explanations == ()


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_nothing_is_blamed_in_real_files(data, file):
    path = data / file
    other = resnet_duet.load(path, into="keras", dtype="float64")
    assert resnet_duet.diagnose(path, other).same


@pytest.mark.slow
def test_a_users_network_with_the_seeds_of_error_is_diagnosed_for_both():
    """Keras as people write it: padding="same" at stride 2, and eps left at its default."""
    ours, twin = twins("cifar_resnet20_b", dtype="float32")
    wrong = own_keras_net(resnet_tf.read(twin), "same", {})
    found = resnet_duet.diagnose(ours, wrong)
    (culprits,) = found.explanations
    assert {c.difference for c in culprits} == {"same_convolution", "norm_eps"}
    assert sum(c.share for c in culprits) == pytest.approx(1)
    norm = next(c for c in culprits if c.difference == "norm_eps")
    assert "0.001" in norm.what
    assert "bn1" in norm.layers
    strided = next(c for c in culprits if c.difference == "same_convolution")
    assert "layer2.0.conv1" in strided.layers


@pytest.mark.slow
def test_a_mistake_of_a_module_in_float32_is_named_beside_its_precision():
    ours, _ = twins("cifar_resnet20_b")
    wrong = own_torch_net(ours).float()
    for module in wrong.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3

    def call(images):
        with torch.no_grad():
            return wrong(torch.from_numpy(images).float()).numpy()

    found = resnet_duet.diagnose(ours, Function(call, "NCHW", None))
    assert found.precision == "float32"
    names = {c.difference for culprits in found.explanations for c in culprits}
    assert names == {"norm_eps", "float32_arithmetic"}


@pytest.mark.slow
def test_what_no_known_mistake_explains_is_said_with_the_first_layer_that_parts():
    torch_net, keras_net = twins("mlperf_resnet8")
    offset = keras_net.get_layer("layer2.0.bn1").beta
    offset.assign(offset.numpy() + np.eye(1, 32)[0] * 0.1)
    found = resnet_duet.diagnose(torch_net, keras_net)
    assert not found.same
    assert found.explanations == ()
    assert found.parting is not None
    assert found.parting.layer == "layer2.0.bn1"
    assert found.left == found.error


def test_the_long_loops_can_be_watched():
    torch_net, keras_net = twins("mlperf_resnet8")
    said = []

    def watch(items, message):
        said.append(message)
        return in_silence(items, message)

    wrong = resnet_tf.build(resnet_spec.get("mlperf_resnet8", norm_eps=1e-5), "float64")
    resnet_tf.write(wrong, resnet_tf.read(keras_net))
    assert not resnet_duet.diagnose(torch_net, wrong, watch).same
    assert said == ["one difference"]


class Altered(torch.nn.Module):
    """torchvision's names, and another function than they say."""

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
        ("altered", "net", "cannot be the reference: by its weights it is another function"),
        ("net", Function(lambda x: np.full((2, 10), np.inf), "NHWC", None), "NaN or infinity"),
        ("net", Function(lambda x: np.ones((2, 3)), "NHWC", None), "gives 2x10 numbers and .* 2x3"),
        ("net", Function(lambda x: 1 / 0, "NHWC", None), "ZeroDivisionError"),
    ],
)
def test_what_cannot_be_diagnosed_is_told_in_one_line(a, b, line):
    net = resnet_torch.build("mlperf_resnet8", "float64").eval()
    named = {"net": net, "altered": Altered(net)}
    with pytest.raises(ResNetError, match=line) as told:
        resnet_duet.diagnose(*(named[x] if isinstance(x, str) else x for x in (a, b)))
    assert "\n" not in str(told.value)


def test_real_files_are_where_the_manifest_says(data):
    assert all(Path(data / file).is_file() for file in FILES)
