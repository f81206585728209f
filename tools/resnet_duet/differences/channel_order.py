"""Red first, or blue first."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
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
        " recognised and the accuracy is merely poor. In grey images it is nothing."
    ),
    torch='image = Image.open(path).convert("RGB")  # RGB',
    keras="image = keras.utils.load_img(path)  # RGB; resnet.preprocess_input makes BGR of it",
    wrong="image = cv2.imread(path)  # BGR",
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the images are grey", grey),),
    check=(
        "Prepare one image that is pure red by each side's own code and look at the three numbers"
        " of a pixel; or compare outputs on coloured images. Shapes are the same, grey images hide"
        " it, and the accuracy only suffers."
    ),
    exercise=Exercise(
        task=(
            "A network was trained on BGR, and you want to feed it RGB without touching the"
            " images. Which axis of which kernel has to be turned round in PyTorch, and which in"
            " Keras? Prove it on a random image for the first convolution of each. When may the"
            " same not be done, if `preprocess_input` subtracts a mean as well?"
        ),
        solution="""\
import numpy as np
import torch
from keras import ops

rng = np.random.default_rng(0)
rgb = rng.standard_normal((1, 8, 8, 3))
bgr = rgb[..., ::-1].copy()
kernel = torch.from_numpy(rng.standard_normal((4, 3, 3, 3)))  # OIHW, for BGR


def ours(image, kernel):
    return torch.nn.functional.conv2d(torch.from_numpy(image).permute(0, 3, 1, 2), kernel)


def theirs(image, kernel):
    return ops.conv(image, kernel.permute(2, 3, 1, 0).numpy()).numpy()  # HWIO


turned = kernel.flip(1)  # the inputs: the second axis in PyTorch, the third in Keras
torch.testing.assert_close(ours(rgb, turned), ours(bgr, kernel))
np.testing.assert_allclose(theirs(rgb, turned), theirs(bgr, kernel), rtol=1e-10)
assert not torch.allclose(ours(rgb, kernel), ours(bgr, kernel))

# Means have an order too: one that is subtracted after the channels were turned is BGR, and has to
# be turned with them.
mean = np.array([103.939, 116.779, 123.68])
np.testing.assert_array_equal((rgb[..., ::-1] - mean)[..., ::-1], rgb - mean[::-1])
print("kernel.flip(1) in PyTorch, kernel[:, :, ::-1] in Keras")
""",
    ),
)
