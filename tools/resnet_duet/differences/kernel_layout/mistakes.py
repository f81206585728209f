"""Convolution kernels reshaped, or with inputs and outputs swapped, as mistakes."""

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
from resnet_duet.scenarios.inference import InferenceScenario, inference_scenario, map_arrays
from resnet_duet.scenarios.layouts import transpose, with_reshaped
from resnet_duet.scenarios.networks import EVEN, at_even_size, small
from resnet_duet.weights.convert import relayout
from resnet_spec import ArraySpec

IN_TORCH, IN_KERAS = "OIHW", "HWIO"


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """A reshape in both directions, and swapped axes where the shape allows it."""
    if not isinstance(scenario, InferenceScenario):
        return
    for source, target in ((IN_TORCH, IN_KERAS), (IN_KERAS, IN_TORCH)):
        description = f"kernels are reshaped from {source} to {target}, not transposed"
        wrong = with_reshaped(scenario, IN_TORCH, source, target)
        yield Mistake(description, wrong, transpose("kernel", source, target))
    description = "kernels with as many inputs as outputs have the two swapped"
    wrong = map_arrays(scenario, _swapped)
    yield Mistake(description, wrong, transpose("kernel", IN_TORCH, IN_KERAS))


def _swapped(array_spec: ArraySpec, array: np.ndarray) -> np.ndarray:
    is_square = array_spec.axes == IN_TORCH and array_spec.shape[0] == array_spec.shape[1]
    return relayout(array, IN_TORCH, "IOHW") if is_square else array


def one_channel() -> InferenceScenario:
    """A network whose every layer has one channel."""
    spec = small("resnet18")
    thin = replace(spec, in_channels=1, widths=(1, 1), stem=replace(spec.stem, channels=(1,)))
    return inference_scenario(thin, 0, EVEN)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.LAYOUT,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(
        Unnoticed(
            "every layer has one channel, so only height and width of a kernel are left",
            one_channel,
        ),
    ),
)
