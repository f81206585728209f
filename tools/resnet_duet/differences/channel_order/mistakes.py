"""Images in the opposite channel order, as a mistake."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.scenarios.transforms import OPPOSITE_CHANNELS, prepend


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """The opposite order, for networks with three input channels."""
    if isinstance(scenario, InferenceScenario) and scenario.spec.in_channels == 3:
        description = (
            "images have their channels in the opposite order: BGR for RGB, or RGB for BGR"
        )
        wrong = prepend(scenario, OPPOSITE_CHANNELS)
        yield Mistake(description, wrong, "image[..., ::-1]  # of (H, W, C)")


def grey() -> InferenceScenario:
    """Images with three equal channels."""
    scenario = at_even_size("resnet18")
    return replace(scenario, images=np.repeat(scenario.images[..., :1], 3, axis=-1))


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.PREPROCESSING,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("the images are grey", grey),),
)
