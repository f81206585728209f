"""What people do to images and outputs, as far as several differences speak of it."""

from dataclasses import replace

import numpy as np

from resnet_duet.experiments.use import Step, Use

# Of ImageNet's training images, red, green and blue: scaled to 0 .. 1 as torchvision has them, and
# as they are in the file, blue first, as Caffe's first networks had them.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CAFFE_MEAN = (103.939, 116.779, 123.68)


def softmax(logits: np.ndarray, _framework: str) -> np.ndarray:
    """(N, K) logits -> (N, K) probabilities."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


SOFTMAX = Step("softmax", softmax)
CLASS = Step("only the class is asked for", lambda logits, _: np.argmax(logits, axis=-1))
OPPOSITE_CHANNELS = Step("channels in the opposite order", lambda images, _: images[..., ::-1])


def given(world: Use, step: Step) -> Use:
    """The world with a further step between its images and the network."""
    return replace(world, before=(*world.before, step))


def instead(steps: tuple[Step, ...], old: Step, *new: Step) -> tuple[Step, ...]:
    """The steps, and others or none in the place of one."""
    at = steps.index(old)
    return (*steps[:at], *new, *steps[at + 1 :])
