"""The order in which a feature map becomes a row of numbers."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.layouts import transpose
from resnet_duet.experiments.nets import EVEN, small
from resnet_duet.experiments.steps import instead
from resnet_duet.experiments.use import Step, Use, use
from resnet_duet.port.convert import relayout

CLASSES = 5


def dense(rows: np.ndarray) -> np.ndarray:
    """(N, numbers) -> (N, CLASSES), by a random kernel."""
    inputs = rows.shape[1]
    return rows @ np.random.default_rng(0).standard_normal((inputs, CLASSES)) / inputs**0.5


def through_chw(maps: np.ndarray, _framework: str) -> np.ndarray:
    """(N, H, W, C) -> (N, CLASSES)."""
    return dense(relayout(maps, "NHWC", "NCHW").reshape(len(maps), -1))


def through_hwc(maps: np.ndarray, _framework: str) -> np.ndarray:
    """(N, H, W, C) -> (N, CLASSES)."""
    return dense(maps.reshape(len(maps), -1))


CHW = Step("flattened in the order CHW, and a classifier", through_chw)
HWC = Step("flattened in the order HWC, and a classifier", through_hwc)


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    for right, wrong in ((CHW, HWC), (HWC, CHW)):
        if right in world.after:
            source, target = ("NHWC", "NCHW") if right is CHW else ("NCHW", "NHWC")
            mend = f"{transpose('maps', source, target)}.reshape(n, -1)"
            after = instead(world.after, right, wrong)
            yield Mistake(f"maps are {wrong.name}", replace(world, after=after), mend)


def flattened(size: tuple[int, int]) -> Use:
    """A network without a head, whose last map is flattened as PyTorch does it."""
    body = replace(small("resnet18"), num_classes=None)
    return replace(use(body, 0, size), after=(CHW,))


DIFFERENCE = Difference(
    name="flatten_order",
    group=Group.LAYOUT,
    title="a flattened feature map: channel by channel in PyTorch, pixel by pixel in Keras",
    about=(
        "A ResNet takes the mean over each channel of its last feature map, and the order of the"
        " pixels is nothing. A head that flattens the map instead, as VGG's does and as many a head"
        " for regression or reinforcement learning, numbers its inputs: PyTorch's first ones are"
        " the pixels of the first channel, Keras' first ones the channels of the first pixel. The"
        " kernel of the layer behind it has the same shape in both, a transpose carries it over"
        " without complaint, and its rows belong to other numbers. Either the map is transposed"
        " before it is flattened, or the rows of the kernel are put in order, once."
    ),
    torch="x = torch.flatten(maps, 1)  # (N, C, H, W) in the order CHW",
    keras="x = ops.reshape(ops.transpose(maps, (0, 3, 1, 2)), (n, -1))  # of (N, H, W, C)",
    wrong="x = layers.Flatten()(maps)  # of (N, H, W, C), in the order HWC",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: flattened(EVEN),
    hidden=(Hidden("one pixel is left of the map", lambda: flattened((8, 8))),),
    check=(
        "Compare the rows behind the flattening, or the outputs, for a map of random numbers with"
        " several channels and several pixels. Shapes are the same either way, and at an image size"
        " of which one pixel is left of the map the two orders are one."
    ),
    exercise=Exercise(
        task=(
            "A head was trained in PyTorch behind `torch.flatten(maps, 1)`, on maps of 2 channels"
            " and 2x3 pixels; its kernel is (5, 12). Write the one line that puts the kernel's"
            " columns in order, once, so that Keras' `Flatten` and `Dense` on NHWC maps give the"
            " same outputs, and prove it on random maps."
        ),
        solution="""\
import numpy as np
import torch
from keras import layers

rng = np.random.default_rng(0)
maps = rng.standard_normal((4, 2, 2, 3))  # NCHW
kernel = rng.standard_normal((5, 12))
right = torch.flatten(torch.from_numpy(maps), 1).numpy() @ kernel.T

# A column is a place (c, h, w) of the map; Keras counts the places in the order (h, w, c).
ordered = kernel.reshape(5, 2, 2, 3).transpose(0, 2, 3, 1).reshape(5, 12)

rows = layers.Flatten(dtype="float64")(maps.transpose(0, 2, 3, 1))
head = layers.Dense(5, use_bias=False, dtype="float64")
head.build((None, 12))
head.set_weights([ordered.T])
np.testing.assert_allclose(head(rows), right, rtol=1e-12)
head.set_weights([kernel.T])
assert not np.allclose(head(rows), right)
print("columns in Keras' order:", np.arange(12).reshape(2, 2, 3).transpose(1, 2, 0).ravel())
""",
    ),
)
