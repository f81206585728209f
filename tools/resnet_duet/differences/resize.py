"""Images made smaller with a look at every pixel, or at a few."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import EVEN, at_even_size
from resnet_duet.experiments.steps import instead
from resnet_duet.experiments.use import Step, Use
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.port.convert import relayout


def by_torch(images: np.ndarray, antialias: bool) -> np.ndarray:
    """(N, H, W, C) -> (N, *EVEN, C)."""
    import torch
    from torch.nn import functional as F

    x = torch.from_numpy(relayout(images, "NHWC", "NCHW"))
    y = F.interpolate(x, EVEN, mode="bilinear", antialias=antialias)
    return relayout(y.numpy(), "NCHW", "NHWC")


def by_tensorflow(images: np.ndarray, antialias: bool) -> np.ndarray:
    """(N, H, W, C) -> (N, *EVEN, C), in float32: TensorFlow has no other."""
    import tensorflow as tf

    y = tf.image.resize(images, EVEN, "bilinear", antialias=antialias)
    return y.numpy().astype(np.float64)


RESIZE = {TORCH.name: by_torch, KERAS.name: by_tensorflow}
SMOOTH = Step("with antialias", lambda images, framework: RESIZE[framework](images, True))
ROUGH = Step("without antialias", lambda images, framework: RESIZE[framework](images, False))
MENDS = {
    SMOOTH: "tf.image.resize(images, size, antialias=True)",
    ROUGH: "F.interpolate(images, size, antialias=False)",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    for right, wrong in ((SMOOTH, ROUGH), (ROUGH, SMOOTH)):
        if right in world.before:
            before = instead(world.before, right, wrong)
            what = f"images are resized {wrong.name}, not {right.name}"
            yield Mistake(what, replace(world, before=before), MENDS[right])


def resized(size: tuple[int, int]) -> Use:
    """Images of this size that are resized to EVEN, as torchvision and Pillow do it."""
    world = at_even_size("resnet18")
    images = np.random.default_rng(0).standard_normal((2, *size, world.spec.in_channels))
    return replace(world, images=images, before=(SMOOTH,))


DIFFERENCE = Difference(
    name="resize",
    group=Group.PREPROCESSING,
    title="making an image smaller: torchvision looks at every pixel, tf.image.resize at a few",
    about=(
        "Bilinear interpolation, taken by its word, computes each new pixel from the four old ones"
        " around it. When an image is made three times smaller, most old pixels are never looked"
        " at, and fine patterns turn into coarse ones that were not there. Pillow, and torchvision"
        " after it, widen the triangle in proportion and look at every pixel, which is called"
        " antialias; tf.image.resize and Keras' Resizing do so only if they are told, and OpenCV's"
        " bilinear resize not at all. A network evaluated by the other rule sees sharper or softer"
        " images than it was trained on. Where images are enlarged both rules are one. TensorFlow's"
        " own resize computes in float32, so here the noise is that of float32."
    ),
    torch='x = F.interpolate(x, (224, 224), mode="bilinear", antialias=True)',
    keras="x = tf.image.resize(x, (224, 224), antialias=True)",
    wrong="x = tf.image.resize(x, (224, 224))",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: resized((80, 112)),
    hidden=(Hidden("the images are enlarged", lambda: resized((20, 28))),),
    check=(
        "Make an image of stripes or of random pixels smaller on both sides and compare the"
        " images, before any network. Shapes and ranges are the same, smooth images hardly differ,"
        " and enlarged ones not at all."
    ),
    exercise=Exercise(
        task=(
            "An image has vertical stripes one pixel wide, 0 and 1 in turn, and is made three"
            " times smaller, from 12 pixels to 4. New pixel i has its centre at old pixel 3i + 1."
            " Work out the four pixels without antialias, and the two in the middle with it: the"
            " triangle reaches 3 pixels to either side, with the weights 1, 2/3, 1/3. Then ask both"
            " frameworks."
        ),
        solution="""\
import numpy as np
import tensorflow as tf
import torch
from torch.nn import functional as F

stripes = np.tile([0.0, 1.0], 6) * np.ones((12, 1))


def ours(antialias):
    x = torch.from_numpy(stripes)[None, None]
    return F.interpolate(x, (4, 4), mode="bilinear", antialias=antialias)[0, 0, 0].numpy()


def theirs(antialias):
    x = stripes[None, :, :, None]
    return tf.image.resize(x, (4, 4), antialias=antialias).numpy()[0, 0, :, 0]


# Every third pixel is looked at: stripes again, three times as wide, which were not there.
np.testing.assert_allclose(ours(False), [1, 0, 1, 0], atol=1e-6)
np.testing.assert_allclose(theirs(False), [1, 0, 1, 0], atol=1e-6)
# A pixel and those two away have the weights 1 + 2/3 of 3, the others 4/3 of 3: nearly grey.
np.testing.assert_allclose(ours(True)[1:3], [4 / 9, 5 / 9], atol=1e-6)
np.testing.assert_allclose(theirs(True)[1:3], [4 / 9, 5 / 9], atol=1e-6)
print("without:", ours(False), " with:", ours(True))
""",
    ),
)
