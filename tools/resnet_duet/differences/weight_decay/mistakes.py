"""Coupled weight decay in place of decoupled, or the reverse, as a mistake."""

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
from resnet_duet.scenarios.optimizer_settings import PLAIN, Decay
from resnet_duet.scenarios.training import TrainingScenario, small_training

# Each decay in the framework whose SGD has the other.
FIXES = {
    Decay.COUPLED: "kernel_regularizer=keras.regularizers.L2(decay / 2), and so for every weight",
    Decay.DECOUPLED: "parameter.mul_(1 - rate * decay) for every parameter, before the step",
}
DECAYING = replace(PLAIN, weight_decay=2**-7)


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """The other kind of decay."""
    if not isinstance(scenario, TrainingScenario):
        return
    right = scenario.settings.decay
    (wrong,) = set(Decay) - {right}
    settings = replace(scenario.settings, decay=wrong)
    description = f"weight decay is {wrong}, not {right}"
    yield Mistake(description, replace(scenario, settings=settings), FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.TRAINING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: small_training(replace(DECAYING, momentum=0.875), batch=4),
    unnoticed=(
        Unnoticed(
            "without momentum both are one formula", lambda: small_training(DECAYING, batch=4)
        ),
        Unnoticed(
            "in the first step the momentum buffer is empty",
            lambda: small_training(replace(DECAYING, momentum=0.875, rates=(0.125,)), batch=4),
        ),
    ),
)
