"""Images resized with the wrong antialiasing, as mistakes."""

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
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.scenarios.inference import InferenceScenario, Transform
from resnet_duet.scenarios.networks import EVEN, at_even_size
from resnet_duet.scenarios.transforms import replace_transform
from resnet_duet.weights.convert import relayout


def resize_with_torch(images: np.ndarray, antialias: bool) -> np.ndarray:
    """Resize (N, H, W, C) to (N, *EVEN, C)."""
    import torch
    from torch.nn import functional as F

    x = torch.from_numpy(relayout(images, "NHWC", "NCHW"))
    y = F.interpolate(x, EVEN, mode="bilinear", antialias=antialias)
    return relayout(y.numpy(), "NCHW", "NHWC")


def resize_with_tensorflow(images: np.ndarray, antialias: bool) -> np.ndarray:
    """Resize (N, H, W, C) to (N, *EVEN, C), in float32: TensorFlow has no other precision."""
    import tensorflow as tf

    y = tf.image.resize(images, EVEN, "bilinear", antialias=antialias)
    return y.numpy().astype(np.float64)


RESIZE = {TORCH.name: resize_with_torch, KERAS.name: resize_with_tensorflow}
SMOOTH = Transform("with antialias", lambda images, framework: RESIZE[framework](images, True))
ROUGH = Transform("without antialias", lambda images, framework: RESIZE[framework](images, False))
FIXES = {
    SMOOTH: "tf.image.resize(images, size, antialias=True)",
    ROUGH: "F.interpolate(images, size, antialias=False)",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Antialiasing omitted, or added."""
    if not isinstance(scenario, InferenceScenario):
        return
    for right, wrong in ((SMOOTH, ROUGH), (ROUGH, SMOOTH)):
        if right in scenario.preprocessing:
            preprocessing = replace_transform(scenario.preprocessing, right, wrong)
            description = f"images are resized {wrong.name}, not {right.name}"
            yield Mistake(description, replace(scenario, preprocessing=preprocessing), FIXES[right])


def resized(size: tuple[int, int]) -> InferenceScenario:
    """Images of this size, resized to EVEN with antialiasing, as by torchvision and Pillow."""
    scenario = at_even_size("resnet18")
    images = np.random.default_rng(0).standard_normal((2, *size, scenario.spec.in_channels))
    return replace(scenario, images=images, preprocessing=(SMOOTH,))


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.PREPROCESSING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: resized((80, 112)),
    unnoticed=(Unnoticed("the images are enlarged", lambda: resized((20, 28))),),
)
