"""Kernels with height and width swapped, as a mistake."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.differences.image_sides.mistakes import symmetric
from resnet_duet.scenarios.inference import InferenceScenario, map_arrays
from resnet_duet.scenarios.layouts import transpose
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.weights.convert import relayout
from resnet_spec import ArraySpec


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """All four axes reversed, which swaps height and width."""
    if isinstance(scenario, InferenceScenario):
        description = "kernels have height and width swapped"
        wrong = map_arrays(scenario, _swapped)
        yield Mistake(description, wrong, transpose("kernel", "OIHW", "HWIO"))


def _swapped(array_spec: ArraySpec, array: np.ndarray) -> np.ndarray:
    return relayout(array, "OIHW", "OIWH") if array_spec.axes == "OIHW" else array


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.LAYOUT,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(
        Unnoticed(
            "the images are symmetric about their diagonal, and a classifier reads only means",
            symmetric,
        ),
    ),
)
