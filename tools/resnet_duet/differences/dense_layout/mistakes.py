"""The classifier's kernel reshaped, as mistakes."""

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
from resnet_duet.scenarios.inference import InferenceScenario, inference_scenario
from resnet_duet.scenarios.layouts import transpose, with_reshaped
from resnet_duet.scenarios.networks import EVEN, at_even_size, small

IN_TORCH, IN_KERAS = "OI", "IO"


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """A reshape in place of the transpose, in both directions."""
    if not isinstance(scenario, InferenceScenario) or scenario.spec.num_classes is None:
        return
    for source, target in ((IN_TORCH, IN_KERAS), (IN_KERAS, IN_TORCH)):
        description = (
            f"the classifier's kernel is reshaped from {source} to {target}, not transposed"
        )
        wrong = with_reshaped(scenario, IN_TORCH, source, target)
        yield Mistake(description, wrong, transpose("kernel", source, target))


def one_class() -> InferenceScenario:
    """A network with a single output."""
    return inference_scenario(replace(small("resnet18"), num_classes=1), 0, EVEN)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.LAYOUT,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("there is one output, and a row is a column in memory", one_class),),
)
