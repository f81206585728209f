"""A wrong epsilon in the norms of the projections alone is identified."""

import pytest

from resnet_duet.diagnosis.evaluation import inject, random_network
from resnet_duet.differences import DIFFERENCES
from resnet_duet.differences.norm_eps.mistakes import PROJECTION_EPSILONS
from resnet_duet.scenarios.inference import affected_layers, with_choices
from resnet_duet.scenarios.networks import at_even_size, small


def of_projections(mistakes):
    return [mistake for mistake in mistakes if "projections" in mistake.description]


@pytest.mark.slow
def test_each_is_identified_and_mistaken_for_no_other():
    candidates = random_network(small("resnet50"))
    projections = [
        one for one in candidates.singles() if "norm_eps of the projections" in one.key[1]
    ]
    assert len(projections) == len(PROJECTION_EPSILONS) - 1  # all but the right one
    for candidate in projections:
        assert inject(candidates, candidate).explanations == (("norm_eps",),), candidate.key


def test_it_affects_the_norms_of_the_projections_only():
    right = at_even_size("resnet18")
    for mistake in of_projections(DIFFERENCES["norm_eps"].mistakes(right)):
        assert affected_layers(right, mistake.scenario) == ("layer2.0.downsample.1",)


@pytest.mark.parametrize("name", ["cifar_resnet20", "preresnet18", "cifar_plain20"])
def test_a_network_without_norms_in_its_shortcuts_has_no_such_mistake(name):
    right = at_even_size(name)
    assert of_projections(DIFFERENCES["norm_eps"].mistakes(right)) == []


def test_the_fix_is_the_epsilon_of_the_projections():
    """It may be another one than that of the other norms."""
    right = with_choices(at_even_size("resnet18"), {"shortcut.norm_eps": 1.001e-5})
    wrong = of_projections(DIFFERENCES["norm_eps"].mistakes(right))
    assert "norm_eps of the projections is 1e-05, not 1.001e-05" in {m.description for m in wrong}
    (fix,) = {mistake.fix for mistake in wrong}
    assert fix == "BatchNormalization(epsilon=1.001e-05); BatchNorm2d(eps=1.001e-05)"
