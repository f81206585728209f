"""Two different architectures are reported at once; a mistake is not a different architecture."""

import re

import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet.comparison.subject import IdentifiedNet
from resnet_duet.diagnosis.architecture import different_architectures
from support.networks import matching_networks


def identified(name, **choices):
    return IdentifiedNet(resnet_spec.get(name, **choices), dict)


def no_search(items, description):
    raise AssertionError("searched for a cause")


@pytest.mark.slow
def test_two_architectures_are_named_without_a_search():
    """Also if the second one is a user's module, whose arrays are recognised."""
    one = resnet_torch.build("resnet18")
    for two in (resnet_torch.build("resnet50"), resnet_tf.build("resnet50")):
        found = resnet_duet.diagnose(one, two, no_search)
        assert not found.match
        assert found.tried == 0
        assert found.different_architectures == (
            "resnet18 vs resnet50; first difference: the kernel of layer1.0.conv1 is"
            " 64x64x3x3 vs 64x64x1x1"
        )
        assert str(found) == f"Different architectures: {found.different_architectures}."


class Wrapped(torch.nn.Module):
    """A user's module with torchvision's names."""

    def __init__(self, net):
        super().__init__()
        for name, child in net.named_children():
            self.add_module(name, child)

    def forward(self, x):
        raise AssertionError("was run")


def test_a_recognised_module_is_not_even_run():
    net = Wrapped(resnet_torch.build("cifar_resnet32"))
    found = resnet_duet.diagnose(resnet_torch.build("cifar_resnet20"), net, no_search)
    assert "the kernel of layer1.3.conv1 is absent vs 16x16x3x3" in found.different_architectures


@pytest.mark.parametrize(
    ("choices", "line"),
    [
        ({"num_classes": 10}, "two variants of resnet18; .* of fc is 1000x512 vs 10x512"),
        ({"in_channels": 1}, "two variants of resnet18; .* of conv1 is 64x3x7x7 vs 64x1x7x7"),
        ({"widths": (8, 8, 8, 8)}, "resnet18 vs an unnamed 18-layer network"),
    ],
)
def test_other_shapes_of_kernels_are_another_architecture(choices, line):
    found = different_architectures(identified("resnet18"), identified("resnet18", **choices))
    assert re.search(line, found)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("resnet50", "resnet50_v1"),  # stride_in_1x1
        ("resnet50", "keras_resnet50"),  # convolution_bias, norm_eps
        ("cifar_resnet20", "cifar_plain20"),  # missing_shortcut
        ("cifar_resnet20_b", "cifar_plain20"),  # missing shortcuts with weights
        ("cifar_resnet20", "cifar_resnet20_a_end"),  # zero_pad_sides
    ],
)
def test_what_a_mistake_can_cause_is_not_another_architecture(one, two):
    assert different_architectures(identified(one), identified(two)) is None


def test_a_network_that_is_not_identified_is_not_another_architecture():
    assert different_architectures(identified("resnet18"), None) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("right", "wrong", "difference"),
    [
        ("cifar_resnet20", "cifar_plain20", "missing_shortcut"),
        ("cifar_resnet20", "cifar_resnet20_a_end", "zero_pad_sides"),
    ],
)
def test_a_mistake_in_an_identified_network_is_still_found(right, wrong, difference):
    net, _ = matching_networks(right)
    other = resnet_torch.build(wrong, "float64")
    resnet_torch.write(other, resnet_torch.read(net))
    found = resnet_duet.diagnose(net, other, max_causes=1)
    assert [cause.difference for cause in found.explanations[0]] == [difference]


def test_a_missing_bias_is_still_found():
    """The other network has other arrays: no biases of convolutions."""
    right, _ = matching_networks("mlperf_resnet8")
    wrong = resnet_torch.build(resnet_spec.get("mlperf_resnet8", bias="never"), "float64")
    arrays = resnet_torch.read(right)
    resnet_torch.write(wrong, {name: arrays[name] for name in resnet_torch.read(wrong)})
    found = resnet_duet.diagnose(right, wrong, max_causes=1)
    assert [cause.difference for cause in found.explanations[0]] == ["convolution_bias"]
