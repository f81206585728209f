"""Images made smaller with a look at every pixel, or at a few."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
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
        " own resize computes in float32, so here noise begins at 1e-7."
    ),
    torch='x = F.interpolate(x, (224, 224), mode="bilinear", antialias=True)',
    keras="x = tf.image.resize(x, (224, 224), antialias=True)",
    wrong="x = tf.image.resize(x, (224, 224))",
    mistakes=mistakes,
    shown=lambda: resized((80, 112)),
    hidden=(Hidden("the images are enlarged", lambda: resized((20, 28))),),
)
