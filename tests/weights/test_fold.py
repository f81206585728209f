"""Folding biases into norms, or adding biases of zero, does not change the function (float64)."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.fold import folded
from resnet_spec import Bias
from support.networks import RARE, TOLERANCE, assert_close, images, nchw, thin

NETS = ["keras_resnet50", "keras_resnet50v2", "mlperf_resnet8", "keras_cifar_resnet20v2"]
NETS += ["resnet50", "resnet18d", "preresnet18", "cifar_resnet20"]


def logits(spec, weights, x):
    import torch

    net = resnet_torch.build(spec, dtype="float64")
    resnet_torch.write(net, weights)
    with torch.no_grad():
        return net.eval()(torch.from_numpy(nchw(x))).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("bias", Bias)
@pytest.mark.parametrize("ordering", ["original", "norm_after_addition"])
def test_both_conventions_of_biases_compute_the_same(name, bias, ordering):
    spec = replace(thin(resnet_spec.get(name)), bias=bias)
    if ordering != "original" and spec.ordering == "original":
        spec = replace(spec, ordering=ordering)
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    arrays, other = folded(Arrays.of(weights), spec)
    x = images((40, 56), spec.in_channels)
    assert other.bias is (Bias.ALWAYS if bias is not Bias.ALWAYS else other.bias)
    assert_close(logits(other, arrays, x), logits(spec, weights, x), name, TOLERANCE)


@pytest.mark.parametrize("name", RARE)
def test_choices_that_no_row_of_the_zoo_has_compute_the_same(name):
    spec = RARE[name]
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    arrays, other = folded(Arrays.of(weights), spec)
    x = images((40, 56), spec.in_channels)
    assert_close(logits(other, arrays, x), logits(spec, weights, x), name, TOLERANCE)


def test_a_bias_without_a_norm_is_kept_in_its_place():
    spec = RARE["bias by place"]
    arrays, other = folded(Arrays.of(resnet_duet.random_weights(spec, 0, norms="random")), spec)
    assert [n for n in arrays if n.endswith("bias") and ("conv" in n or "downsample" in n)] == [
        f"layer{stage}.0.downsample.0.bias" for stage in (1, 2)
    ]
    assert (other.bias, other.stem_bias, other.projection_bias) == (
        Bias.WITHOUT_NORM,
        Bias.NEVER,
        Bias.WITHOUT_NORM,
    )


def test_no_bias_remains_before_a_norm():
    spec = thin(resnet_spec.get("keras_resnet50"))
    arrays, other = folded(Arrays.of(resnet_duet.random_weights(spec, 0, norms="random")), spec)
    assert other.bias is Bias.NEVER
    assert [n for n in arrays if n.endswith(".bias") and "conv" in n] == []
    spec = thin(resnet_spec.get("mlperf_resnet8"))  # its projections have no norm
    arrays, other = folded(Arrays.of(resnet_duet.random_weights(spec, 0, norms="random")), spec)
    assert other.bias is Bias.WITHOUT_NORM
    assert "layer2.0.downsample.0.bias" in arrays
    assert "conv1.bias" not in arrays


def test_a_mean_is_rounded_once():
    spec = thin(resnet_spec.get("keras_resnet50"))
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    single = {name: array.astype(np.float32) for name, array in weights.items()}
    arrays, _ = folded(Arrays.of(single), spec)
    wide = single["bn1.running_mean"].astype(np.float64) - single["conv1.bias"]
    assert arrays["bn1.running_mean"].dtype == np.float32
    assert (arrays["bn1.running_mean"] == wide.astype(np.float32)).all()
