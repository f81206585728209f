"""The block that strides between two stages."""

from collections.abc import Iterator

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size, at_tiny_size
from resnet_duet.experiments.use import Use, amended
from resnet_spec import ShortcutKind, StrideBlock

BLOCK = {
    StrideBlock.FIRST: "the first block of the later stage",
    StrideBlock.LAST: "the last block of the earlier stage",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use):
        return
    right = world.spec.stride_block
    (block,) = set(StrideBlock) - {right}
    choices: dict[str, object] = {"stride_block": block}
    if world.spec.shortcut.kind is ShortcutKind.PROJECTION_ON_CHANGE:
        # A block that only strides would have a projection; nobody who has its arrays lacks one.
        choices["shortcut"] = {"kind": ShortcutKind.PROJECTION_ON_GROWTH}
    if wrong := amended(world, choices):
        what = f"{BLOCK[block]} strides, not {BLOCK[right]}"
        yield Mistake(what, wrong, f"stride=2 in {BLOCK[right]}")


DIFFERENCE = Difference(
    name="stride_block",
    group=Group.ARCHITECTURE,
    title="which block strides: the first of a stage, or the last of the stage before",
    about=(
        "Stages of a ResNet differ in width and in size, and the paper changes both in the first"
        " block of a stage. TF-slim, and after it ResNet50V2 and its family in keras.applications,"
        " change the width there, but halve the size one block earlier, in the last block of the"
        " stage before, whose identity shortcut then drops pixels by a 1x1 max-pool. The arrays are"
        " the same either way, so that a pre-activation network with PyTorch's strides takes the"
        " weights of ResNet50V2 and computes something else. Feature maps taken from the ends of"
        " stages have other sizes then, by which it can be told."
    ),
    torch="nn.Conv2d(128, 128, 3, stride=2, padding=1)  # in layer2.0",
    keras='layers.Conv2D(64, 3, strides=2, padding="valid")  # in conv2_block3 of ResNet50V2',
    wrong="stride = 2 if stage > 0 and block == 0 else 1  # for weights of ResNet50V2",
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("keras_resnet50v2"),
    hidden=(
        Hidden(
            "one pixel is left of the map where it is strided over",
            lambda: at_tiny_size("keras_resnet50v2"),
        ),
    ),
    check=(
        "Compare the shapes of the maps at the ends of the stages: they differ in all stages but"
        " the last. The last map, the output's shape and every array are the same, so that a"
        " comparison of these passes; outputs on random images differ."
    ),
    exercise=Exercise(
        task=(
            "A ResNet-50 with pre-activation is given 224x224 pixels. Write down the sides of its"
            " maps at the ends of the four stages, once with PyTorch's habit (the first block of a"
            " stage strides) and once with that of `ResNet50V2`. Then ask the package for both:"
            ' `resnet_spec.get("keras_resnet50v2")`, `replace(spec, stride_block=...)`,'
            " `resnet_spec.measure.shapes`."
        ),
        solution="""\
from dataclasses import replace

import resnet_spec
from resnet_spec.measure import shapes


def sides(stride_block):
    spec = replace(resnet_spec.get("keras_resnet50v2"), stride_block=stride_block)
    plan = resnet_spec.plan(spec)
    found = shapes(plan, (224, 224))
    return [found[stage.name][-1] for stage in plan.stages]


# The stem leaves 56. The last of four stages has no stage behind it, so its last block cannot
# stride for one: both end at 7.
assert sides("first") == [56, 28, 14, 7]
assert sides("last") == [28, 14, 7, 7]
print("first block:", sides("first"), " last block:", sides("last"))
""",
    ),
)
