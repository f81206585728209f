"""The convolution of a bottleneck that strides."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size, at_tiny_size
from resnet_duet.experiments.use import Use, amended

PLACE = {True: "first 1x1", False: "3x3"}
MENDS = {
    True: "Conv2d(256, 128, 1, stride=2), then Conv2d(128, 128, 3, padding=1)",
    False: "Conv2d(256, 128, 1), then Conv2d(128, 128, 3, stride=2, padding=1)",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    right = world.spec.stride_in_1x1
    if wrong := amended(world, {"stride_in_1x1": not right}):
        what = f"bottlenecks stride in their {PLACE[not right]}, not in their {PLACE[right]}"
        yield Mistake(what, wrong, MENDS[right])


DIFFERENCE = Difference(
    name="stride_in_1x1",
    group=Group.ARCHITECTURE,
    title="where a bottleneck strides: in its 3x3 (v1.5, torchvision), or in its first 1x1 (v1)",
    about=(
        "The paper's bottleneck strides in its first 1x1 convolution, and keras.applications'"
        " ResNet50 and Caffe's models do so too. torchvision, and nearly everybody since, strides"
        " in the 3x3 behind it, which reads every pixel instead of every fourth one; that is called"
        " v1.5, and is slower: the 1x1 before it computes four times as many pixels. Both have the"
        " same arrays under the same names, so weights of one load into the other without a word,"
        " and give other outputs, and often still the right class. No checkpoint says which of the"
        " two it is. Basic blocks have no 1x1."
    ),
    torch="nn.Conv2d(128, 128, 3, stride=2, padding=1)  # v1.5",
    keras="layers.Conv2D(128, 1, strides=2)  # v1: the first of the block",
    wrong="layers.Conv2D(128, 1, strides=2)  # with weights from torchvision",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet50"),
    hidden=(
        Hidden(
            "one pixel is left of the map where it is strided over",
            lambda: at_tiny_size("resnet50"),
        ),
    ),
    check=(
        "Compare outputs on random images, or the shape of the map between a strided block's first"
        " 1x1 and its 3x3: it is halved already in v1. Names and arrays are the same, and the class"
        " is often right; an image so small that one pixel is left hides it."
    ),
    exercise=Exercise(
        task=(
            "Of a 7x7 map, how many pixels does a bottleneck's branch read that strides in its"
            " first 1x1, and how many if it strides in the 3x3? Work it out, then count by"
            " gradients: build both with kernels of ones and see which pixels the sum of the"
            " outputs depends on."
        ),
        solution="""\
import torch
from torch.nn import functional as F

one, three = torch.ones(1, 1, 1, 1).double(), torch.ones(1, 1, 3, 3).double()


def pixels(stride_in_1x1):
    x = torch.zeros(1, 1, 7, 7, dtype=torch.float64, requires_grad=True)
    first, second = (2, 1) if stride_in_1x1 else (1, 2)
    y = F.conv2d(F.conv2d(x, one, stride=first), three, stride=second, padding=1)
    assert y.shape == (1, 1, 4, 4)
    y.sum().backward()
    return int((x.grad != 0).sum())


# A strided 1x1 reads every second pixel of every second row: 4 * 4. The 3x3's windows overlap.
assert pixels(stride_in_1x1=True) == 16
assert pixels(stride_in_1x1=False) == 49
print("v1 reads", pixels(True), "pixels of 49, v1.5", pixels(False))
""",
    ),
)
