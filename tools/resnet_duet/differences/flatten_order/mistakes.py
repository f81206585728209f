"""The other order of a flattened feature map, as mistakes."""

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
from resnet_duet.scenarios.inference import InferenceScenario, Transform, inference_scenario
from resnet_duet.scenarios.layouts import transpose
from resnet_duet.scenarios.networks import EVEN, small
from resnet_duet.scenarios.transforms import replace_transform
from resnet_duet.weights.convert import relayout

CLASSES = 5


def dense(features: np.ndarray) -> np.ndarray:
    """Apply a random kernel: (N, inputs) -> (N, CLASSES)."""
    inputs = features.shape[1]
    return features @ np.random.default_rng(0).standard_normal((inputs, CLASSES)) / inputs**0.5


def flattened_chw(maps: np.ndarray, _framework: str) -> np.ndarray:
    """Flatten channel by channel, then classify: (N, H, W, C) -> (N, CLASSES)."""
    return dense(relayout(maps, "NHWC", "NCHW").reshape(len(maps), -1))


def flattened_hwc(maps: np.ndarray, _framework: str) -> np.ndarray:
    """Flatten pixel by pixel, then classify: (N, H, W, C) -> (N, CLASSES)."""
    return dense(maps.reshape(len(maps), -1))


CHW = Transform("flattened in the order CHW, then classified", flattened_chw)
HWC = Transform("flattened in the order HWC, then classified", flattened_hwc)


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """The other order, where a scenario flattens its feature maps."""
    if not isinstance(scenario, InferenceScenario):
        return
    for right, wrong in ((CHW, HWC), (HWC, CHW)):
        if right in scenario.postprocessing:
            source, target = ("NHWC", "NCHW") if right is CHW else ("NCHW", "NHWC")
            fix = f"{transpose('maps', source, target)}.reshape(n, -1)"
            steps = replace_transform(scenario.postprocessing, right, wrong)
            description = f"feature maps are {wrong.name}"
            yield Mistake(description, replace(scenario, postprocessing=steps), fix)


def flattened(size: tuple[int, int]) -> InferenceScenario:
    """A network without a head, whose last feature map is flattened as in PyTorch."""
    body = replace(small("resnet18"), num_classes=None)
    return replace(inference_scenario(body, 0, size), postprocessing=(CHW,))


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.LAYOUT,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: flattened(EVEN),
    unnoticed=(Unnoticed("the feature map has one pixel", lambda: flattened((8, 8))),),
)
