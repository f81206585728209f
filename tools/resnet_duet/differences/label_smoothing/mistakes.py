"""A loss without label smoothing, as a mistake."""

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
    """No smoothing."""
    if not isinstance(scenario, TrainingScenario):
        return
    right = scenario.settings.label_smoothing
    wrong = replace(scenario, settings=replace(scenario.settings, label_smoothing=0.0))
    fix = f"CategoricalCrossentropy(from_logits=True, label_smoothing={right:g}), one-hot labels"
    yield Mistake(f"label_smoothing is 0, not {right:g}", wrong, fix)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.TRAINING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: small_training(replace(PLAIN, label_smoothing=0.125), batch=4),
    unnoticed=(Unnoticed("the recipe has no smoothing", lambda: small_training(PLAIN, batch=4)),),
)
