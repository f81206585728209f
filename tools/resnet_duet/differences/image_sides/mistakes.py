"""Images with height and width swapped, as a mistake."""

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
from resnet_duet.scenarios.inference import InferenceScenario, Transform, inference_scenario
from resnet_duet.scenarios.layouts import transpose
from resnet_duet.scenarios.networks import at_even_size, small
from resnet_duet.scenarios.transforms import prepend
from resnet_duet.weights.convert import relayout

TRANSPOSED = Transform(
    "turned over the diagonal", lambda images, _: relayout(images, "NHWC", "NWHC")
)


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Height and width swapped."""
    if isinstance(scenario, InferenceScenario):
        description = "images are turned over their diagonal: width before height"
        wrong = prepend(scenario, TRANSPOSED)
        yield Mistake(description, wrong, transpose("images", "NWHC", "NHWC"))


def symmetric() -> InferenceScenario:
    """Images that are symmetric about the diagonal from the top left to the bottom right."""
    scenario = inference_scenario(small("resnet18"), 0, (32, 32))
    mirrored = relayout(scenario.images, "NHWC", "NWHC")
    return replace(scenario, images=scenario.images + mirrored)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.LAYOUT,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("the images are symmetric about their diagonal", symmetric),),
)
