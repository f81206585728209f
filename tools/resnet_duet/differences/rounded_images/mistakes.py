"""Images rounded to float32 before a float64 network, as a mistake."""

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
from resnet_duet.scenarios.inference import InferenceScenario, Transform
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.scenarios.transforms import prepend

ROUNDED = Transform(
    "rounded to float32", lambda images, _: images.astype(np.float32).astype(np.float64)
)


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Every image rounded to float32."""
    if isinstance(scenario, InferenceScenario) and scenario.dtype == "float64":
        fix = 'keras.Input((None, None, 3), dtype="float64"); model(x), not model.predict(x)'
        yield Mistake(f"images are {ROUNDED.name}", prepend(scenario, ROUNDED), fix)


def images_of_bytes() -> InferenceScenario:
    """Images whose values are bytes, as in image files."""
    scenario = at_even_size("resnet18")
    images = np.random.default_rng(0).integers(0, 256, scenario.images.shape).astype(np.float64)
    return replace(scenario, images=images)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NUMERICS,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("the images are bytes, as in image files", images_of_bytes),),
)
