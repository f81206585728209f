"""Strides, or wider kernels in their place."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import EVEN, TINY, small
from resnet_duet.experiments.use import Use, amended, use
from resnet_spec import ResNetSpec

OUTPUT_STRIDES = (32, 16, 8)  # of classifiers; of DeepLab and its like


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    for stride in OUTPUT_STRIDES:
        if wrong := amended(world, {"output_stride": stride}):
            right = world.spec.output_stride
            what = f"the output stride is {stride}, not {right}"
            yield Mistake(what, wrong, f'resnet_spec.get("resnet50", output_stride={right})')


def four_stages() -> ResNetSpec:
    """A ResNet-18 whose last map has a stride of 32, so that there is something to dilate."""
    return replace(small("resnet18"), depths=(1, 1, 1, 1), widths=(8, 8, 8, 8))


DIFFERENCE = Difference(
    name="dilation",
    group=Group.ARCHITECTURE,
    title="strides, or dilated kernels in their place",
    about=(
        "A network for segmentation wants a larger last map than a classifier's thirty-second of"
        " the image. DeepLab and its followers take the stride out of the last one or two stages"
        " and let their kernels read every second or fourth pixel instead, so that trained weights"
        " keep their meaning: every second pixel of the larger map, or every fourth, is one of the"
        " smaller map's. The arrays are the same, so that a backbone may be dilated in one"
        " framework and not in the other. torchvision says replace_stride_with_dilation, TF-slim"
        " output_stride. Behind a global mean the error looks like any other; in maps it is their"
        " size."
    ),
    torch="nn.Conv2d(512, 512, 3, padding=2, dilation=2)",
    keras='layers.Conv2D(512, 3, padding="same", dilation_rate=2)',
    wrong='layers.Conv2D(512, 3, strides=2, padding="same")',
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: use(four_stages(), 0, EVEN),
    hidden=(
        Hidden(
            "one pixel is left of the map where it is strided over",
            lambda: use(four_stages(), 0, TINY),
        ),
    ),
    check=(
        "Compare the shapes of the last feature maps, without the head, at the usual image size."
        " Behind a global mean every shape is the same, and an image so small that one pixel is"
        " left of the map makes the outputs the same too."
    ),
    exercise=Exercise(
        task=(
            "Two 3-wide convolutions follow each other, the first with stride 2. Take its stride"
            " out, as DeepLab does, and give the *second* one `dilation=2` and `padding=2`. Predict"
            " which outputs of the dilated pair are those of the strided pair, and prove it on"
            " eight random numbers. Why must the first one not be dilated?"
        ),
        solution="""\
import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(0)
x, one, two = (torch.from_numpy(rng.standard_normal((1, 1, n))) for n in (8, 3, 3))
strided = F.conv1d(F.conv1d(x, one, stride=2, padding=1), two, padding=1)


def every_second(first, second):
    y = F.conv1d(x, one, padding=first, dilation=first)
    return F.conv1d(y, two, padding=second, dilation=second)[..., ::2]


# The first reads neighbours in the old map, as before. What it gives is twice as dense, so that
# the second finds its old neighbours two places away.
torch.testing.assert_close(every_second(1, 2), strided)
assert not torch.allclose(every_second(1, 1), strided)
assert not torch.allclose(every_second(2, 2), strided)
print("every second output is the strided one's:", strided[0, 0].tolist())
""",
    ),
)
