"""The other convolution of a bottleneck takes the stride, as a mistake."""

from collections.abc import Iterator
from pathlib import Path

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.inference import InferenceScenario, with_choices
from resnet_duet.scenarios.networks import at_even_size, at_tiny_size

PLACE = {True: "first 1x1", False: "3x3"}
FIXES = {
    True: "Conv2d(256, 128, 1, stride=2), then Conv2d(128, 128, 3, padding=1)",
    False: "Conv2d(256, 128, 1), then Conv2d(128, 128, 3, stride=2, padding=1)",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """v1 for v1.5, or v1.5 for v1."""
    if not isinstance(scenario, InferenceScenario):
        return
    right = scenario.spec.stride_in_1x1
    if wrong := with_choices(scenario, {"stride_in_1x1": not right}):
        description = f"bottlenecks stride in their {PLACE[not right]}, not in their {PLACE[right]}"
        yield Mistake(description, wrong, FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet50"),
    unnoticed=(
        Unnoticed(
            "the feature map is a single pixel where a stride applies",
            lambda: at_tiny_size("resnet50"),
        ),
    ),
)
