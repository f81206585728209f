"""The convolution of a bottleneck that strides."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
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
        " v1.5, and is slower: 4.1 instead of 3.9 billion multiply-adds. Both have the same arrays"
        " under the same names, so weights of one load into the other without a word, and give"
        " outputs that are a quarter off, and often still the right class. No checkpoint says which"
        " of the two it is. Basic blocks have no 1x1."
    ),
    torch="nn.Conv2d(128, 128, 3, stride=2, padding=1)  # v1.5",
    keras="layers.Conv2D(128, 1, strides=2)  # v1: the first of the block",
    wrong="layers.Conv2D(128, 1, strides=2)  # with weights from torchvision",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet50"),
    hidden=(
        Hidden(
            "one pixel is left of the map where it is strided over",
            lambda: at_tiny_size("resnet50"),
        ),
    ),
)
