"""Other output strides, as mistakes."""

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
from resnet_duet.scenarios.inference import InferenceScenario, inference_scenario, with_choices
from resnet_duet.scenarios.networks import EVEN, TINY, small
from resnet_spec import ResNetSpec

OUTPUT_STRIDES = (32, 16, 8)  # a classifier; DeepLab with one and with two dilated stages


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Every other output stride that the network can have."""
    if not isinstance(scenario, InferenceScenario):
        return
    for stride in OUTPUT_STRIDES:
        if wrong := with_choices(scenario, {"output_stride": stride}):
            right = scenario.spec.output_stride
            description = f"the output stride is {stride}, not {right}"
            yield Mistake(description, wrong, f'resnet_spec.get("resnet50", output_stride={right})')


def four_stages() -> ResNetSpec:
    """A small ResNet-18 with all four stages: its last two strides can become dilations."""
    return replace(small("resnet18"), depths=(1, 1, 1, 1), widths=(8, 8, 8, 8))


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: inference_scenario(four_stages(), 0, EVEN),
    unnoticed=(
        Unnoticed(
            "the feature map is a single pixel where a stride applies",
            lambda: inference_scenario(four_stages(), 0, TINY),
        ),
    ),
)
