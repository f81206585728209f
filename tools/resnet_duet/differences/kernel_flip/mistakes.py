"""Rotated kernels, as a mistake."""

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
from resnet_duet.scenarios.inference import InferenceScenario, map_arrays
from resnet_duet.scenarios.networks import at_even_size, at_odd_size
from resnet_spec import ArraySpec


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Kernels rotated by 180 degrees, as Theano needs them."""
    if isinstance(scenario, InferenceScenario):
        description = "kernels are rotated by 180 degrees"
        yield Mistake(
            description, map_arrays(scenario, _rotated), "kernel[:, :, ::-1, ::-1]  # OIHW"
        )


def _rotated(array_spec: ArraySpec, array: np.ndarray) -> np.ndarray:
    return array[:, :, ::-1, ::-1] if array_spec.axes == "OIHW" else array


def symmetric() -> InferenceScenario:
    """Images that look the same upside down, of a size with a middle pixel at every stride."""
    scenario = at_odd_size("resnet18")
    return replace(scenario, images=scenario.images + scenario.images[:, ::-1, ::-1])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.LAYOUT,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("the images look the same upside down and have an odd size", symmetric),),
)
