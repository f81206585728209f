"""The quick diagnosis tests the mistakes near the first divergence, and stops at the first hit."""

from dataclasses import replace

import pytest

import resnet_duet
import resnet_torch
from resnet_duet import Function
from resnet_duet.comparison.adapters import subject
from resnet_duet.diagnosis.candidates import Candidates
from resnet_duet.diagnosis.quick import quick_diagnosis, ranked
from resnet_duet.differences import DIFFERENCES
from resnet_duet.scenarios.networks import at_even_size

RIGHT = at_even_size("cifar_resnet20")


def network(scenario):
    net = resnet_torch.build(scenario.plan, "float64")
    resnet_torch.write(net, dict(scenario.weights))
    return net


def function(scenario):
    return Function(lambda x: replace(scenario, images=x).run("torch"), "NHWC", None)


def wrong(name):
    return next(DIFFERENCES[name].mistakes(RIGHT)).scenario


def diagnosed(other):
    one, two = subject(network(RIGHT)), subject(other)
    return quick_diagnosis(one, two, resnet_duet.compare(one, two))


@pytest.mark.parametrize(
    "name", ["kernel_layout", "norm_eps", "lost_statistics", "dense_layout", "missing_shortcut"]
)
def test_a_mistake_in_a_network_is_found_after_few_others(name):
    found = diagnosed(network(wrong(name)))
    assert name in {cause.difference for causes in found.explanations for cause in causes}
    assert found.tried <= 20  # of 60


@pytest.mark.parametrize("name", ["channel_order", "softmax", "norm_eps"])
def test_a_mistake_in_a_plain_function_is_found(name):
    found = diagnosed(function(wrong(name)))
    assert [[cause.difference for cause in causes] for causes in found.explanations] == [[name]]


def test_mistakes_that_affect_only_later_layers_are_not_tested():
    one, two = network(RIGHT), network(wrong("kernel_layout"))
    comparison = resnet_duet.compare(one, two)
    assert comparison.first_divergence.layer == "conv1"
    candidates = Candidates(RIGHT, (RIGHT.images,), "torch")
    names = [candidate.key[0] for candidate in ranked(candidates, comparison)]
    assert "kernel_layout" in names
    assert "channel_order" in names  # of the images
    assert not {"norm_eps", "dense_layout", "missing_shortcut", "softmax"} & set(names)


def test_a_mistake_that_is_not_found_comes_with_the_first_divergence():
    other = network(RIGHT)
    other.layer2[0].bn1.bias.data[0] += 0.1
    found = diagnosed(other)
    assert found.explanations == ()
    assert found.first_divergence.layer == "layer2.0.bn1"
    assert found.residual == found.error
