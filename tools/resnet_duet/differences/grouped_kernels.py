"""The order of a grouped convolution's outputs."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import EVEN, at_even_size, small
from resnet_duet.experiments.use import Use, reweighted, use
from resnet_duet.port.convert import relayout
from resnet_spec import Slot
from resnet_spec.layers import Conv

# How the two leading axes of outputs are taken to lie in memory: what is right, and what is not.
BY_GROUP, AROUND = "GOIHW", "OGIHW"
WHAT = {
    AROUND: "outputs of grouped kernels go around the groups, not through one after the other",
    BY_GROUP: "outputs of grouped kernels are taken for such as go around the groups",
}
MEND = {
    AROUND: "kernel.reshape(-1, groups, i, h, w).swapaxes(0, 1).reshape(o, i, h, w)",
    BY_GROUP: "kernel.reshape(groups, -1, i, h, w).swapaxes(0, 1).reshape(o, i, h, w)",
}


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Use) or world.spec.groups == 1:
        return
    for source, target in ((BY_GROUP, AROUND), (AROUND, BY_GROUP)):
        yield Mistake(WHAT[target], _reordered(world, source, target), MEND[target])


def _reordered(world: Use, source: str, target: str) -> Use:
    def change(slot: Slot, array: np.ndarray) -> np.ndarray:
        if not isinstance(slot.layer, Conv) or slot.axes != "OIHW":
            return array
        outputs, *rest = array.shape
        sizes = {"G": slot.layer.groups, "O": outputs // slot.layer.groups}
        grouped = array.reshape(*(sizes[axis] for axis in source[:2]), *rest)
        return relayout(grouped, source, target).reshape(array.shape)

    return reweighted(world, change)


def depthwise() -> Use:
    """A network whose groups have one input and one output each."""
    spec = replace(small("resnext50_32x4d"), groups=8, width_per_group=(8, 4))
    return use(spec, 0, EVEN)


DIFFERENCE = Difference(
    name="grouped_kernels",
    group=Group.LAYOUT,
    title="outputs of a grouped convolution: group after group",
    about=(
        "A grouped convolution cuts its channels into groups that do not see each other. In both"
        " frameworks the first O / G outputs belong to the first group, the next ones to the"
        " second, and a kernel is (O, I / G, H, W) or (H, W, I / G, O). But ResNeXt is older than"
        " `groups=` in many libraries, and was put together from slices, from reshaped channels, or"
        " from depthwise convolutions, where it is easy to end up with the first output of every"
        " group, then the second of every group. Shapes are the same and every number is in use,"
        " but the norm and the 1x1 convolution behind it get their channels in another order."
    ),
    torch="nn.Conv2d(128, 128, 3, padding=1, groups=32)  # weight (128, 4, 3, 3)",
    keras='layers.Conv2D(128, 3, padding="same", groups=32)  # kernel (3, 3, 4, 128)',
    wrong="outputs = ops.reshape(ops.stack(of_each_group, axis=-1), (n, h, w, 128))",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnext50_32x4d"),
    hidden=(Hidden("each group has one output, so that there is but one order", depthwise),),
)
