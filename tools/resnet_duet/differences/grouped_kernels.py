"""The order of a grouped convolution's outputs."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
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
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnext50_32x4d"),
    hidden=(Hidden("each group has one output, so that there is but one order", depthwise),),
    check=(
        "Compare the output of one grouped convolution with that of its groups, each computed"
        " alone from its slice of the channels. Use at least two groups of at least two outputs"
        " with random kernels. A depthwise convolution, with one output for each group, has but one"
        " order and shows nothing."
    ),
    exercise=Exercise(
        task=(
            "Compute a 1x1 convolution with two groups, four inputs and six outputs from slices:"
            " each group by a convolution of its own. Put the results together by `concatenate` and"
            " by `stack(axis=-1)` and a reshape, say which is `groups=2`, and find the list of six"
            " channel numbers that turns the other into it."
        ),
        solution="""\
import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(0)
x = torch.from_numpy(rng.standard_normal((1, 4, 5, 5)))
kernel = torch.from_numpy(rng.standard_normal((6, 2, 1, 1)))
right = F.conv2d(x, kernel, groups=2)

groups = [F.conv2d(x[:, :2], kernel[:3]), F.conv2d(x[:, 2:], kernel[3:])]
in_turn = torch.cat(groups, dim=1)
around = torch.stack(groups, dim=2).reshape(1, 6, 5, 5)  # first of each group, second of each ...

torch.testing.assert_close(in_turn, right)
# Channel 2 * k + g of the one is channel 3 * g + k of the other.
order = [2 * k + g for g in range(2) for k in range(3)]
torch.testing.assert_close(around[:, order], right)
print("concatenate is right; stack is, with its channels taken in the order", order)
""",
    ),
)
