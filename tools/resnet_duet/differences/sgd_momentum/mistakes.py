"""A velocity that sums steps in place of gradients, or the reverse, as a mistake."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.optimizer_settings import PLAIN, Velocity
from resnet_duet.scenarios.training import TrainingScenario, small_training

# Each velocity in the framework whose SGD has the other.
FIXES = {
    Velocity.GRADIENTS: "velocity.assign(velocity * new_rate / old_rate) for optimizer.momentums",
    Velocity.STEPS: 'state["momentum_buffer"] *= old_rate / new_rate for optimizer.state.values()',
}
CONSTANT = replace(PLAIN, momentum=0.875)
FALLING = replace(CONSTANT, rates=(0.125, 0.125, 2**-5))


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """The other kind of velocity."""
    if not isinstance(scenario, TrainingScenario):
        return
    right = scenario.settings.velocity
    (wrong,) = set(Velocity) - {right}
    settings = replace(scenario.settings, velocity=wrong)
    description = f"the velocity is made of {wrong}, not of {right}"
    yield Mistake(description, replace(scenario, settings=settings), FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.TRAINING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: small_training(FALLING, batch=4),
    unnoticed=(
        Unnoticed("the rate is constant", lambda: small_training(CONSTANT, batch=4)),
        Unnoticed(
            "the rate is constant, with Nesterov momentum",
            lambda: small_training(replace(CONSTANT, nesterov=True), batch=4),
        ),
        Unnoticed(
            "there is no momentum",
            lambda: small_training(replace(FALLING, momentum=0.0), batch=4),
        ),
    ),
)
