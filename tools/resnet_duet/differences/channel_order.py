"""Red first, or blue first."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.steps import OPPOSITE_CHANNELS, given
from resnet_duet.experiments.use import Use


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use) and world.spec.in_channels == 3:
        what = "images have their channels in the opposite order: BGR for RGB, or RGB for BGR"
        yield Mistake(what, given(world, OPPOSITE_CHANNELS), "image[..., ::-1]  # of (H, W, C)")


def grey() -> Use:
    """Images whose three channels are one."""
    world = at_even_size("resnet18")
    return replace(world, images=np.repeat(world.images[..., :1], 3, axis=-1))


DIFFERENCE = Difference(
    name="channel_order",
    group=Group.PREPROCESSING,
    title="RGB in torchvision and Pillow, BGR in OpenCV, Caffe and keras.applications' ResNet50",
    about=(
        "OpenCV reads images with blue first, and has done so since 1999; Caffe read images by"
        " OpenCV, so that its networks were trained on BGR, and keras.applications, whose first"
        " ResNet50 came from Caffe, has stayed with it: preprocess_input of resnet turns the"
        " channels round, while that of resnet_v2 does not. Weights do not say which it is. Red and"
        " blue exchanged leave shapes, edges and shadows as they are, so that most images are still"
        " recognised and the accuracy is merely poor: 848 of 1,000 images instead of 934, in a"
        " ResNet-20 trained for CIFAR-10. In grey images it is nothing."
    ),
    torch='image = Image.open(path).convert("RGB")  # RGB',
    keras="image = keras.utils.load_img(path)  # RGB; resnet.preprocess_input makes BGR of it",
    wrong="image = cv2.imread(path)  # BGR",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the images are grey", grey),),
)
