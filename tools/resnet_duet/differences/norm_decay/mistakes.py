"""The momentum of a norm confused, as mistakes."""

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
from resnet_duet.scenarios.inference import InferenceScenario, with_choices
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.scenarios.optimizer_settings import PLAIN
from resnet_duet.scenarios.training import TrainingScenario, small_training

DEFAULTS = (0.9, 0.99)  # of PyTorch, and of Keras


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Either framework's default, and one framework's momentum used as the other's."""
    if not isinstance(scenario, TrainingScenario | InferenceScenario):
        return
    right = scenario.spec.norm_decay
    confused = round(1 - right, 12)
    for decay in dict.fromkeys((*DEFAULTS, confused)):
        if decay != right and (wrong := _with_decay(scenario, decay)):
            fix = f"BatchNormalization(momentum={right:g}); BatchNorm2d(momentum={1 - right:g})"
            yield Mistake(f"norm_decay is {decay:g}, not {right:g}", wrong, fix)


def _with_decay(scenario: TrainingScenario | InferenceScenario, decay: float) -> Scenario | None:
    if isinstance(scenario, InferenceScenario):
        return with_choices(scenario, {"norm_decay": decay})
    return replace(scenario, spec=replace(scenario.spec, norm_decay=decay)) if decay < 1 else None


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NORMALISATION,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: small_training(PLAIN, batch=4),
    unnoticed=(
        Unnoticed(
            "nothing is trained, so no running average changes", lambda: at_even_size("resnet18")
        ),
    ),
)
