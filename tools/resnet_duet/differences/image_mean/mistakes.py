"""Other means subtracted from images, or none, as mistakes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from resnet_duet.differences.difference import Category, Difference, Mistake, Scenario
from resnet_duet.scenarios.inference import InferenceScenario, Transform
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.scenarios.transforms import (
    CAFFE_MEAN,
    IMAGENET_MEAN,
    IMAGENET_STD,
    OPPOSITE_CHANNELS,
    prepend,
    replace_transform,
)


def standardised(images: np.ndarray, framework: str) -> np.ndarray:
    """Images from 0 to 1, preprocessed for the weights of torchvision."""
    return (images - IMAGENET_MEAN) / IMAGENET_STD


def caffe(images: np.ndarray, framework: str) -> np.ndarray:
    """Images from 0 to 255, preprocessed for the weights of keras.applications' ResNet50."""
    return OPPOSITE_CHANNELS.apply(images, framework) - CAFFE_MEAN


STANDARDISED = Transform("standardised by ImageNet's mean and deviation (0 to 1)", standardised)
BYTES = Transform(
    "standardised by ImageNet's mean and deviation (0 to 255)",
    lambda images, framework: standardised(images / 255, framework),
)
CAFFE = Transform("turned to BGR, less Caffe's mean (0 to 255)", caffe)
FIXES = {
    STANDARDISED: f"transforms.Normalize({IMAGENET_MEAN}, {IMAGENET_STD})",
    BYTES: f"transforms.Normalize({IMAGENET_MEAN}, {IMAGENET_STD}), of x / 255",
    CAFFE: "keras.applications.resnet.preprocess_input(x)",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Another preprocessing in place of the right one, or none; or one where none is right."""
    if not isinstance(scenario, InferenceScenario) or scenario.spec.in_channels != 3:
        return
    steps = scenario.preprocessing
    right = next((transform for transform in FIXES if transform in steps), None)
    if right:
        unprocessed = replace(scenario, preprocessing=replace_transform(steps, right))
        yield Mistake(f"images are as they are, not {right.name}", unprocessed, FIXES[right])
    for wrong in FIXES:
        if right and wrong is not right:
            other = replace(scenario, preprocessing=replace_transform(steps, right, wrong))
            yield Mistake(f"images are {wrong.name}, not {right.name}", other, FIXES[right])
        elif not right:
            fix = f"leave them as they are: no {FIXES[wrong]}"
            yield Mistake(f"images are {wrong.name}", prepend(scenario, wrong), fix)


def standard() -> InferenceScenario:
    """Random images from 0 to 1, with torchvision's preprocessing."""
    scenario = at_even_size("resnet18")
    images = np.random.default_rng(0).uniform(size=scenario.images.shape)
    return replace(scenario, images=images, preprocessing=(STANDARDISED,))


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.PREPROCESSING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=standard,
    unnoticed=(),
)
