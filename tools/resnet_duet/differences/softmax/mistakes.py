"""A softmax too many or too few, as mistakes."""

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
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_duet.scenarios.networks import asked_for_the_class, at_even_size
from resnet_duet.scenarios.transforms import SOFTMAX, replace_transform


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """No softmax where there is one, and one more softmax."""
    if not isinstance(scenario, InferenceScenario) or scenario.spec.num_classes is None:
        return
    if SOFTMAX in scenario.postprocessing:
        bare = replace(scenario, postprocessing=replace_transform(scenario.postprocessing, SOFTMAX))
        yield Mistake("there is no softmax after the logits", bare, "y = ops.softmax(y)")
    fix = 'classifier_activation=None; Dense(1000), not Dense(1000, activation="softmax")'
    more = replace(scenario, postprocessing=(SOFTMAX, *scenario.postprocessing))
    twice = "two" if SOFTMAX in scenario.postprocessing else "a"
    yield Mistake(f"there is {twice} softmax after the logits", more, fix)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(
        Unnoticed(
            "only the predicted class is compared, and softmax keeps the order of the classes",
            lambda: asked_for_the_class("resnet18"),
        ),
    ),
)
