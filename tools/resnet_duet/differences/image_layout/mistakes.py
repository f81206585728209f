"""Images reshaped from one layout to the other, as mistakes."""

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
from resnet_duet.scenarios.layouts import reshaped, transpose
from resnet_duet.scenarios.networks import EVEN, at_even_size, small
from resnet_duet.scenarios.transforms import prepend

NHWC_TO_NCHW = Transform(
    "reshaped from NHWC to NCHW", lambda images, _: reshaped(images, "NHWC", "NHWC", "NCHW")
)
NCHW_TO_NHWC = Transform(
    "reshaped from NCHW to NHWC", lambda images, _: reshaped(images, "NHWC", "NCHW", "NHWC")
)
FIXES = {
    NHWC_TO_NCHW: transpose("images", "NHWC", "NCHW"),
    NCHW_TO_NHWC: transpose("images", "NCHW", "NHWC"),
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """A reshape in place of the transpose, in both directions."""
    if not isinstance(scenario, InferenceScenario):
        return
    for step, fix in FIXES.items():
        yield Mistake(f"images are {step.name}, not transposed", prepend(scenario, step), fix)


def one_channel() -> InferenceScenario:
    """The network for grey images."""
    return inference_scenario(replace(small("resnet18"), in_channels=1), 0, EVEN)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.LAYOUT,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("with one channel, both layouts are the same in memory", one_channel),),
)
