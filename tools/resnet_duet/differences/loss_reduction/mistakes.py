"""Other divisors of a sum of weighted losses, as mistakes."""

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
from resnet_duet.scenarios.optimizer_settings import PLAIN, Reduction
from resnet_duet.scenarios.training import TrainingScenario, small_training

# A mean in the framework whose default is the other mean; the sum in either.
FIXES = {
    Reduction.BY_WEIGHTS: 'reduction="mean_with_sample_weight"',
    Reduction.BY_BATCH: 'F.cross_entropy(..., weight=weights, reduction="sum") / len(labels)',
    Reduction.SUM: 'reduction="sum"',
}
WEIGHTED = replace(PLAIN, class_weights=(0.25, 0.5, 1.0, 2.0, 4.0))


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Every other divisor."""
    if not isinstance(scenario, TrainingScenario):
        return
    right = scenario.settings.reduction
    for wrong in Reduction:
        if wrong is not right:
            settings = replace(scenario.settings, reduction=wrong)
            description = f"weighted losses are divided {wrong}, not {right}"
            yield Mistake(description, replace(scenario, settings=settings), FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.TRAINING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: small_training(WEIGHTED, batch=4),
    unnoticed=(
        Unnoticed(
            "all weights are 1, and a batch is a single image",
            lambda: small_training(PLAIN, batch=1),
        ),
    ),
)
