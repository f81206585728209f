"""No softmax or two of them between a network and its loss, as mistakes."""

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
    """Two softmaxes, and none."""
    if not isinstance(scenario, TrainingScenario):
        return
    settings = scenario.settings
    twice = replace(scenario, settings=replace(settings, softmax=True, from_logits=True))
    yield Mistake("a softmax is taken twice", twice, "F.cross_entropy(logits, labels)")
    if not settings.label_smoothing:  # Keras' two losses would take smoothed logits in two ways
        never = replace(scenario, settings=replace(settings, softmax=False, from_logits=False))
        yield Mistake("logits are taken for probabilities", never, "from_logits=True")


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.TRAINING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: small_training(PLAIN, batch=4),
    unnoticed=(
        Unnoticed(
            "with one class every loss is 0, whatever its input is, and nothing is learned",
            lambda: small_training(replace(PLAIN, class_weights=(1.0,)), batch=4),
        ),
    ),
)
