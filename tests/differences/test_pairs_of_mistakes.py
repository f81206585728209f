"""Two mistakes in one network: the second leaves the first in place."""

import numpy as np
import pytest

from resnet_duet.diagnosis.candidates import mistakes_of
from resnet_duet.differences.difference import Mistake
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.weights.relative_error import relative_error

# Where one mistake hides another whatever their order, as (the one that shows, the hidden one).
HIDDEN = {
    ("float32_arithmetic", "norm_eps"),  # 1.001e-5 for 1e-5 is less than float32 rounding
    ("float32_arithmetic", "rounded_images"),
    ("lost_statistics", "biased_variance"),  # the variances are overwritten
    ("norm_order", "relu_position"),
    ("same_pool", "pool_border"),  # "same" pads with minus infinity in either case
    ("training_mode", "biased_variance"),  # norms do not read the running statistics
    ("training_mode", "lost_statistics"),
}
ROUNDING = 1e-14


def first_of_each(scenario: InferenceScenario) -> dict[str, Mistake]:
    """{name of a difference: the first of its mistakes that can be made in this scenario}."""
    found: dict[str, Mistake] = {}
    for name, mistake in mistakes_of(scenario):
        found.setdefault(name, mistake)
    return found


def output(scenario: InferenceScenario) -> np.ndarray:
    with np.errstate(all="ignore"):  # a mistake may make a variance negative
        return np.nan_to_num(scenario.run("torch"))


def differ(a: np.ndarray, b: np.ndarray) -> bool:
    return relative_error(a, b) > ROUNDING


@pytest.mark.long
@pytest.mark.parametrize(
    "network",
    [
        "resnet18",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("keras_resnet50v2", "resnext50_32x4d")),
    ],
)
def test_any_mistake_can_be_made_after_any_other_and_both_have_an_effect(network):
    right = at_even_size(network)
    expected = output(right)
    mistakes = first_of_each(right)
    alone = {name: output(mistake.scenario) for name, mistake in mistakes.items()}
    visible = {name for name, value in alone.items() if differ(expected, value)}
    pairs = 0
    for first, mistake in mistakes.items():
        for second, other in first_of_each(mistake.scenario).items():
            if first == second or second not in mistakes:
                continue
            pairs += 1
            both = output(other.scenario)
            if first in visible and (second, first) not in HIDDEN:
                assert differ(both, alone[second]), f"{first} is lost when {second} follows"
            if second in visible and (first, second) not in HIDDEN:
                assert differ(both, alone[first]), f"{second} has no effect after {first}"
    assert pairs > 500
