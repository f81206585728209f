"""A network that computes in float32 where float64 is required, as a mistake."""

from collections.abc import Iterator
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


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """All layers in float32."""
    if isinstance(scenario, InferenceScenario) and scenario.dtype == "float64":
        fix = 'net.double(); Conv2D(64, 3, dtype="float64"), and dtype="float64" in every layer'
        yield Mistake("the network computes in float32", scenario.in_float32(), fix)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NUMERICS,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(
        Unnoticed("only the predicted class is compared", lambda: asked_for_the_class("resnet18")),
    ),
)
