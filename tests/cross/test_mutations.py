"""Every mistake of the registry, injected: the error it makes, and that `compare` finds it.

tests/differences measures on small networks where a mistake is visible and where it is not. Here
the networks have four stages, or `compare` measures.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet import Function
from resnet_duet.comparison.adapters import subject
from resnet_duet.comparison.inputs import random_inputs
from resnet_duet.differences import DIFFERENCES
from resnet_duet.scenarios.inference import (
    InferenceScenario,
    first_affected_layer,
    inference_scenario,
)
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.weights.relative_error import relative_error
from resnet_spec import Stem
from support.networks import TOLERANCE, matching_networks

EVEN, ODD = (64, 96), (65, 97)

NETS = {
    "resnet18": resnet_spec.get("resnet18", widths=(32, 64, 128, 256), stem=Stem(channels=(32,))),
    "resnet50": resnet_spec.get("resnet50", widths=(16, 32, 64, 128)),
    "preresnet18": resnet_spec.get(
        "preresnet18", widths=(16, 32, 64, 128), stem=Stem(channels=(16,))
    ),
}

# The least relative error of (each mistake of a difference, the worst of them). Rounding in these
# networks is below 1e-13.
LEAST_ERRORS = {
    "rounded_images": (1e-9, 1e-9),
    "norm_eps": (1e-9, 1e-3),  # 1.001e-5 in projections; 1e-3, the default of Keras
    "half_precision": (1e-8, 1e-3),
    "biased_variance": (1e-5, 1e-2),  # of batches of 256; of single images
    "pool_border": (1e-5, 1e-5),
    "same_convolution": (1e-2, 1e-2),
    "same_pool": (1e-2, 1e-2),
    "kernel_sides": (1e-2, 1e-2),
    "lost_statistics": (1e-2, 1e-1),
    "swapped_statistics": (1e-2, 1e-1),
    "channel_order": (1e-2, 1e-2),
    "stride_in_1x1": (1e-2, 1e-2),
}
ONLY_IN = {"pool_border": ("preresnet18",), "stride_in_1x1": ("resnet50",)}


def mistake(name: str, scenario: InferenceScenario, number: int = 0) -> InferenceScenario:
    """The scenario with the mistake of this number of a difference."""
    return list(DIFFERENCES[name].mistakes(scenario))[number].scenario


def error(right: InferenceScenario, wrong: InferenceScenario) -> float:
    """The relative error of a Keras network with a mistake, against PyTorch."""
    return relative_error(right.run("torch"), wrong.run("keras"))


@pytest.mark.slow
@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("size", [EVEN, ODD])
def test_without_a_mistake_there_is_only_rounding(net, size):
    scenario = inference_scenario(NETS[net], 0, size)
    assert error(scenario, scenario) < 1e-13


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "net"), [(name, net) for name in LEAST_ERRORS for net in ONLY_IN.get(name, NETS)]
)
def test_the_error_of_a_mistake_is_at_least(name, net):
    """In PyTorch alone: tests/differences shows that the mistake has the same effect in Keras."""
    scenario = inference_scenario(NETS[net], 0, EVEN)
    right = scenario.run("torch")
    mistakes = DIFFERENCES[name].mistakes(scenario)
    errors = [relative_error(right, wrong.scenario.run("torch")) for wrong in mistakes]
    each, worst = LEAST_ERRORS[name]
    assert min(errors) > each
    assert max(errors) > worst


@pytest.mark.parametrize("net", ["resnet18", "resnet50"])
def test_same_padding_goes_unnoticed_at_odd_sizes_so_an_even_size_is_needed(net):
    for size, is_visible in ((ODD, False), (EVEN, True)):
        right = inference_scenario(NETS[net], 0, size)
        wrong = mistake("same_pool", mistake("same_convolution", right))
        assert error(right, wrong) > 1e-2 if is_visible else error(right, wrong) < TOLERANCE


def test_a_swap_of_height_and_width_goes_unnoticed_in_ones_so_random_images_are_needed():
    """A constant square image is its own transpose."""
    right = inference_scenario(NETS["resnet18"], 0, EVEN)
    wrong, ones = mistake("kernel_sides", right), np.ones((1, 64, 64, 3))
    assert error(replace(right, images=ones), replace(wrong, images=ones)) < TOLERANCE
    assert error(right, wrong) > 1e-2


# `compare`, on small networks.


def is_network_only(scenario: InferenceScenario) -> bool:
    """Whether the scenario is a network of a spec, without anything around it."""
    others = (
        scenario.edits,
        scenario.preprocessing,
        scenario.postprocessing,
        scenario.training,
        scenario.dtype,
    )
    return others == ((), (), (), False, "float64")


def injected() -> Iterator:
    """(right, wrong) of every mistake in an inference scenario, as parameters."""
    for name, difference in DIFFERENCES.items():
        right = difference.visible()
        for wrong in difference.mistakes(right):
            if isinstance(right, InferenceScenario) and right.dtype == wrong.scenario.dtype:
                yield pytest.param(right, wrong.scenario, id=f"{name}: {wrong.description}")


WITHIN = [pair for pair in injected() if all(map(is_network_only, pair.values))]
AROUND = [pair for pair in injected() if not all(map(is_network_only, pair.values))]


def nets(right: InferenceScenario, wrong: InferenceScenario):
    """(PyTorch network, Keras network with the mistake in its choices or weights)."""
    torch_net = resnet_torch.build(right.spec, "float64")
    keras_net = resnet_tf.build(wrong.spec, "float64")
    resnet_torch.write(torch_net, dict(right.weights))
    arrays = resnet_duet.convert(wrong.weights, wrong.spec, "torchvision", "keras")
    resnet_tf.write(keras_net, arrays)
    return torch_net, keras_net


def function(scenario: InferenceScenario, framework: str) -> Function:
    """The scenario as a plain function of images."""
    return Function(lambda images: replace(scenario, images=images).run(framework), "NHWC", None)


def first_layers(right: InferenceScenario, wrong: InferenceScenario) -> set[str]:
    """Where networks may diverge first: the first affected layer; for a sum, its block's layers."""
    first = first_affected_layer(right, wrong)
    sums = {block.addition: block for block in resnet_spec.plan(right.spec).blocks()}
    return {layer.name for layer in sums[first].layers()} if first in sums else {first}


@pytest.mark.long
@pytest.mark.parametrize(("right", "wrong"), WITHIN)
def test_compare_finds_a_mistake_in_the_network_and_names_its_first_layer(right, wrong):
    result = resnet_duet.compare(*nets(right, wrong))
    assert not result.match
    assert result.first_divergence.layer in first_layers(right, wrong)


@pytest.mark.slow
@pytest.mark.parametrize(("right", "wrong"), AROUND)
def test_compare_finds_a_mistake_around_the_network(right, wrong):
    assert not resnet_duet.compare(function(right, "torch"), function(wrong, "keras")).match


@pytest.mark.slow
def test_compare_finds_the_smallest_mistake_in_a_plain_function():
    right = at_even_size("resnet50")
    torch_net, _ = nets(right, right)
    assert resnet_duet.compare(torch_net, function(right, "keras")).match
    for wrong in DIFFERENCES["norm_eps"].mistakes(right):
        assert not resnet_duet.compare(torch_net, function(wrong.scenario, "keras")).match


def test_computing_in_float32_is_a_match():
    right = at_even_size("resnet18")
    torch_net, _ = nets(right, right)
    result = resnet_duet.compare(torch_net, function(mistake("float32_arithmetic", right), "keras"))
    assert result.match
    assert result.precision == "float32"


@pytest.mark.slow
@pytest.mark.parametrize("net", ["resnet50", "preresnet18"])
def test_networks_without_a_mistake_match(net):
    scenario = inference_scenario(NETS[net], 0, EVEN)
    assert resnet_duet.compare(*nets(scenario, scenario)).match


def test_compare_uses_non_square_images_of_even_and_of_odd_size():
    for name in ("resnet18", "cifar_resnet20"):
        net = subject(resnet_torch.build(name))
        sizes = [x.shape[1:3] for x in random_inputs(net, net, 0)]
        assert all(height != width for height, width in sizes)
        assert {height % 2 for height, _ in sizes} == {width % 2 for _, width in sizes} == {0, 1}


def test_one_wrong_value_of_one_array_is_found_and_reported_by_stage():
    torch_net, keras_net = matching_networks("cifar_resnet20")
    assert resnet_duet.compare(torch_net, keras_net).match
    bias = keras_net.get_layer("layer2.1.bn1").beta
    bias.assign(bias.numpy() + np.eye(1, 32)[0] * 1e-6)
    result = resnet_duet.compare(torch_net, keras_net)
    assert not result.match
    assert result.first_divergence.layer == "layer2.1.bn1"
    assert [stage for stage, _, worst in result.by_stage() if not worst.match] == [
        "layer2", "layer3", "head"
    ]  # fmt: skip
    assert "MISMATCH" in str(result)


def test_nan_is_always_a_mismatch():
    torch_net, keras_net = matching_networks("cifar_resnet20")
    kernel = keras_net.get_layer("fc").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    assert not resnet_duet.compare(torch_net, keras_net).match
