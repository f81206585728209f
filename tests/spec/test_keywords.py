"""`plan` takes a name, a spec or a plan, and choices as keywords."""

import pytest

import resnet_spec
from resnet_spec import SpecError
from resnet_spec.layers import Norm

CHOICES = {"num_classes": 10, "padding": "same", "stem": {"pool": "zero"}}


def test_choices_override_those_of_a_name_and_of_a_spec():
    expected = resnet_spec.plan(resnet_spec.get("resnet50", **CHOICES))
    assert resnet_spec.plan("resnet50", **CHOICES) is expected
    assert resnet_spec.plan(resnet_spec.get("resnet50"), **CHOICES) is expected
    assert expected.spec.stem.channels == (64,)  # the rest of the stem is unchanged


def test_a_plan_is_returned_unchanged_and_takes_no_choices():
    plan = resnet_spec.plan("resnet50")
    assert resnet_spec.plan(plan) is plan
    with pytest.raises(SpecError, match="a plan is fixed; to choose num_classes, padding, stem,"):
        resnet_spec.plan(plan, **CHOICES)


@pytest.mark.parametrize("network", ["resnet50", resnet_spec.get("resnet50")])
def test_unknown_and_invalid_choices_are_refused(network):
    with pytest.raises(SpecError) as caught:
        resnet_spec.plan(network, num_clases=10, norm_eps=0)
    assert len(caught.value.errors) == 2
    assert "num_clases" in caught.value.errors[0]


@pytest.mark.parametrize("decay", [0.0, 0.1, 0.5, 0.9, 0.99, 0.997, 0.9997, 1 / 3])
def test_the_momentum_of_pytorch_is_the_decimal_difference(decay):
    momentum = Norm("bn1", 8, 1e-5, decay).torch_momentum
    assert abs(momentum - (1 - decay)) < 2**-52
    assert len(str(momentum)) <= max(len(str(decay)), len("0.1"))
