"""Plain momentum in place of Nesterov momentum, or the reverse, as a mistake."""

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
from resnet_duet.scenarios.optimizer_settings import PLAIN
from resnet_duet.scenarios.training import TrainingScenario, small_training


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """The opposite setting."""
    if not isinstance(scenario, TrainingScenario):
        return
    right = scenario.settings.nesterov
    settings = replace(scenario.settings, nesterov=not right)
    description = f"nesterov is {not right}, not {right}"
    yield Mistake(description, replace(scenario, settings=settings), f"nesterov={right}")


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.TRAINING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: small_training(replace(PLAIN, momentum=0.875, nesterov=True), batch=4),
    unnoticed=(Unnoticed("there is no momentum", lambda: small_training(PLAIN, batch=4)),),
)
