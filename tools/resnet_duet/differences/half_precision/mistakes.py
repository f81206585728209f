"""Weights rounded to a lower precision, as mistakes."""

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
from resnet_duet.scenarios.inference import InferenceScenario, map_arrays
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.weights.arrays import named_dtype
from resnet_spec import ArraySpec

PRECISIONS = ("float16", "bfloat16", "float32")  # in which files store weights


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Every other precision of files."""
    if not isinstance(scenario, InferenceScenario):
        return
    for dtype in PRECISIONS:
        if dtype != scenario.dtype:
            fix = f'convert(arrays, spec, "torchvision", "keras"), without astype("{dtype}")'
            yield Mistake(f"weights went through {dtype}", through(scenario, dtype), fix)


def through(scenario: InferenceScenario, dtype: str) -> InferenceScenario:
    """The scenario with its weights rounded to a precision and widened again."""

    def rounded(_: ArraySpec, array: np.ndarray) -> np.ndarray:
        return array.astype(named_dtype(dtype)).astype(array.dtype)

    return map_arrays(scenario, rounded)


def short_weights() -> InferenceScenario:
    """Weights that float16 and bfloat16 both hold exactly: few digits, no extreme values."""
    return through(through(at_even_size("resnet18"), "bfloat16"), "float16")


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NUMERICS,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("these formats hold the weights exactly", short_weights),),
)
