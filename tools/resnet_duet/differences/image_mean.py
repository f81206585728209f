"""The mean that is subtracted from images."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.steps import (
    CAFFE_MEAN,
    IMAGENET_MEAN,
    IMAGENET_STD,
    OPPOSITE_CHANNELS,
    given,
    instead,
)
from resnet_duet.experiments.use import Step, Use


def standardised(images: np.ndarray, framework: str) -> np.ndarray:
    """What torchvision's networks were trained with, of images from 0 to 1."""
    return (images - IMAGENET_MEAN) / IMAGENET_STD


def caffe(images: np.ndarray, framework: str) -> np.ndarray:
    """What keras.applications' ResNet50 was trained with, of images from 0 to 255."""
    return OPPOSITE_CHANNELS.apply(images, framework) - CAFFE_MEAN


STANDARDISED = Step("standardised by ImageNet's mean and deviation (0 to 1)", standardised)
BYTES = Step(
    "standardised by ImageNet's mean and deviation (0 to 255)",
    lambda images, framework: standardised(images / 255, framework),
)
CAFFE = Step("turned to BGR, less Caffe's mean (0 to 255)", caffe)
MENDS = {
    STANDARDISED: f"transforms.Normalize({IMAGENET_MEAN}, {IMAGENET_STD})",
    BYTES: f"transforms.Normalize({IMAGENET_MEAN}, {IMAGENET_STD}), of x / 255",
    CAFFE: "keras.applications.resnet.preprocess_input(x)",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use) or world.spec.in_channels != 3:
        return
    right = next((step for step in MENDS if step in world.before), None)
    if right:
        bare = replace(world, before=instead(world.before, right))
        yield Mistake(f"images are as they are, not {right.name}", bare, MENDS[right])
    for step in MENDS:
        if right and step is not right:
            other = replace(world, before=instead(world.before, right, step))
            yield Mistake(f"images are {step.name}, not {right.name}", other, MENDS[right])
        elif not right:
            mend = f"leave them as they are: no {MENDS[step]}"
            yield Mistake(f"images are {step.name}", given(world, step), mend)


def standard() -> Use:
    """Random images from 0 to 1, and torchvision's preparation of them."""
    world = at_even_size("resnet18")
    images = np.random.default_rng(0).uniform(size=world.images.shape)
    return replace(world, images=images, before=(STANDARDISED,))


DIFFERENCE = Difference(
    name="image_mean",
    group=Group.PREPROCESSING,
    title="what is subtracted from images: ImageNet's mean, Caffe's, or nothing",
    about=(
        "torchvision's networks were trained on images from 0 to 1, less the mean of each channel"
        " over ImageNet and divided by its deviation. keras.applications' ResNet50 takes images"
        " from 0 to 255 in BGR, less Caffe's means, and divides by nothing; its V2 takes -1 to 1;"
        " timm has networks of all kinds. Weights that cross over bring the preparation of their"
        " old home with them, not that of the new one, and no file has it. It can be put into the"
        " network: a Rescaling or Normalization layer in front, or the first convolution's kernel"
        " and bias, exactly so except at the border, where a padded zero is no longer the mean. It"
        " hides nowhere."
    ),
    torch=(
        "mean = torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1)\n"
        "std = torch.tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1)\n"
        "x = (x - mean) / std  # of 0 to 1, as transforms.Normalize does"
    ),
    keras='x = keras.applications.imagenet_utils.preprocess_input(x, mode="torch")  # of 0 to 255',
    wrong="x = keras.applications.resnet.preprocess_input(x)  # for weights from torchvision",
    wrong_in="keras",
    mistakes=mistakes,
    shown=standard,
    hidden=(),
    check=(
        "Compare what comes to the first convolution, channel by channel, for one image with"
        " different numbers in all three channels, or compare outputs. No file says which"
        " preparation is right: ask the authors' code, or count correct images with each."
    ),
    exercise=Exercise(
        task=(
            "Put (x - mean) / std into a first convolution of 3x3 with `padding=1`: change its"
            " kernel and give it a bias, so that it takes x from 0 to 1. Prove that it is exact"
            " inside, find the pixels at which it is not, and mend these by one line on the image."
        ),
        solution="""\
import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(0)
mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).double()
mean, std = mean[:, None, None], std[:, None, None]
x = torch.from_numpy(rng.uniform(size=(1, 3, 8, 8)))
kernel = torch.from_numpy(rng.standard_normal((4, 3, 3, 3)))
right = F.conv2d((x - mean) / std, kernel, padding=1)

folded = kernel / std
bias = -(folded * mean).sum(dim=(1, 2, 3))
y = F.conv2d(x, folded, bias, padding=1)
torch.testing.assert_close(y[..., 1:-1, 1:-1], right[..., 1:-1, 1:-1])
wrong = (~torch.isclose(y, right)).any(dim=1)[0]
assert wrong.sum() == 64 - 36  # the ring: a zero beyond the border was the mean, and is black now

padded = mean.expand(1, 3, 10, 10).clone()  # so put the mean there
padded[..., 1:-1, 1:-1] = x
torch.testing.assert_close(F.conv2d(padded, folded, bias), right)
print(int(wrong.sum()), "pixels of 64 were wrong")
""",
    ),
)
