"""The graphs of the modules of torchvision, timm and transformers compute what the modules do."""

import numpy as np
import pytest
import torch

from resnet_duet.graphs.operations import Foreign
from resnet_duet.graphs.torch_module import read
from support.networks import assert_close
from support.run_graph import run_graph
from support.torch_networks import randomised

pytestmark = pytest.mark.slow

SIZES = ((64, 96), (65, 97))


def assert_read(net, output=lambda result: result):
    net = randomised(net).eval()
    graph, arrays = read(net)
    net.double()
    for size in SIZES:
        x = np.random.default_rng(0).normal(size=(2, 3, *size))
        with torch.no_grad():
            want = output(net(torch.from_numpy(x))).numpy()
        assert_close(run_graph(graph, arrays, x).reshape(want.shape), want, f"at {size}")


def foreign(net):
    graph, _ = read(net)
    return {item.kind.text for item in graph.operations if isinstance(item.kind, Foreign)}


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnext50_32x4d"])
def test_torchvision(name, torchvision_models):
    assert_read(getattr(torchvision_models, name)())


def test_frozen_norms_of_torchvision(torchvision_models):
    from torchvision.ops.misc import FrozenBatchNorm2d

    assert_read(torchvision_models.resnet18(norm_layer=FrozenBatchNorm2d))


@pytest.mark.parametrize("name", ["resnet18", "resnet50d", "resnet26t", "resnetaa50"])
def test_timm(name, timm):
    assert_read(timm.create_model(name))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("resnetblur50", "ReflectionPad2d"),
        ("seresnet50", "Sigmoid"),
        ("resnet50_gn", "GroupNorm"),
        ("res2net50_26w_4s", "split"),
    ],
)
def test_other_families_of_timm_are_foreign(name, text, timm):
    assert text in foreign(timm.create_model(name))


@pytest.mark.parametrize("layer_type", ["basic", "bottleneck"])
def test_transformers(layer_type, transformers):
    choices = transformers.ResNetConfig(
        depths=[2, 2], hidden_sizes=[16, 32], embedding_size=8, layer_type=layer_type
    )
    net = transformers.ResNetForImageClassification(choices)
    assert_read(net, lambda result: result.logits)
