"""Pre- and postprocessing steps that several differences use."""

from dataclasses import replace

import numpy as np

from resnet_duet.scenarios.inference import InferenceScenario, Transform

# Per channel of ImageNet's training images. torchvision: red, green, blue of values scaled to 0..1.
# Caffe: blue, green, red of values from 0 to 255.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)


def softmax(logits: np.ndarray, _framework: str) -> np.ndarray:
    """(N, K) logits -> (N, K) probabilities."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


SOFTMAX = Transform("softmax", softmax)
CLASS = Transform("only the class is kept", lambda logits, _: np.argmax(logits, axis=-1))
OPPOSITE_CHANNELS = Transform("channels in the opposite order", lambda images, _: images[..., ::-1])


def prepend(scenario: InferenceScenario, step: Transform) -> InferenceScenario:
    """The scenario with a further preprocessing step, the last one before the network."""
    return replace(scenario, preprocessing=(*scenario.preprocessing, step))


def replace_transform(
    steps: tuple[Transform, ...], old: Transform, *new: Transform
) -> tuple[Transform, ...]:
    """The steps with one of them replaced by others, or removed.

    Args:
        steps: all of them.
        old: the step to replace.
        new: its replacements; none to remove it.
    """
    at = steps.index(old)
    return (*steps[:at], *new, *steps[at + 1 :])
