"""A norm's scale and offset, taken by their place in a list."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, mixed_up
from resnet_spec import Role, Slot

SWAP = {Role.SCALE: Role.OFFSET, Role.OFFSET: Role.SCALE}


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use):
        mend = 'group["gamma:0"], group["beta:0"]: by name, not by place'
        yield Mistake("scale and offset of norms are swapped", mixed_up(world, _other), mend)


def _other(slot: Slot) -> Slot:
    return replace(slot, role=SWAP.get(slot.role, slot.role))


DIFFERENCE = Difference(
    name="norm_order",
    group=Group.NORMALISATION,
    title="scale before offset, but beta before gamma",
    about=(
        "Both frameworks list a norm's scale before its offset: weight and bias, gamma and beta."
        " The alphabet lists beta before gamma, and so does every tool that sorts: h5py walks"
        " through the groups of an .h5 file in alphabetical order unless it is told otherwise, and"
        " TensorFlow lists the variables of a checkpoint so. Darknet's files have the offset first"
        " as well. A loader that takes arrays by their place then multiplies by what should be"
        " added. It hides nowhere: even in a fresh network scales of 0 give an output of nothing."
        " Names should decide, never places."
    ),
    torch="scale, offset = bn.weight, bn.bias",
    keras="scale, offset = layer.gamma, layer.beta",
    wrong="scale, offset = (group[name] for name in sorted(group))  # beta, gamma",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(),
)
