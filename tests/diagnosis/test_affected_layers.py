"""The layers that a cause names are those that the mistake changes."""

from dataclasses import replace

import pytest

from resnet_duet.differences import DIFFERENCES
from resnet_duet.scenarios.inference import affected_layers, first_affected_layer
from resnet_duet.scenarios.networks import at_even_size
from resnet_spec.layers import Norm

RIGHT = at_even_size("resnet18")
NORMS = [layer.name for layer in RIGHT.plan.layers() if isinstance(layer, Norm)]
NODES = [node.name for node in RIGHT.plan.walk()]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("norm_eps", NORMS),
        ("lost_statistics", NORMS),
        ("training_mode", NORMS),
        ("same_pool", ["maxpool"]),
        ("dense_layout", ["fc"]),
        ("float32_arithmetic", NODES),
        ("channel_order", []),  # outside the network
    ],
)
def test_the_layers_of_a_mistake_are_those_it_changes(name, layers):
    wrong = next(DIFFERENCES[name].mistakes(RIGHT)).scenario
    assert list(affected_layers(RIGHT, wrong)) == layers
    assert first_affected_layer(RIGHT, wrong) == next(iter(layers), None)


def test_a_missing_shortcut_affects_the_sum_and_the_layer_after_it():
    right = at_even_size("cifar_resnet20")
    wrong = next(DIFFERENCES["missing_shortcut"].mistakes(right)).scenario
    assert affected_layers(right, wrong)[:2] == ("layer1.0.add", "layer1.0.relu2")


def test_the_same_scenario_has_no_affected_layers():
    assert affected_layers(RIGHT, replace(RIGHT)) == ()
    assert first_affected_layer(RIGHT, replace(RIGHT)) is None
