"""What is learned of a norm, and what is measured, taken for each other."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size, untrained
from resnet_duet.experiments.use import Use, mixed_up
from resnet_spec import Role, Slot

SCALES = {Role.SCALE: Role.VAR, Role.VAR: Role.SCALE}
OFFSETS = {Role.OFFSET: Role.MEAN, Role.MEAN: Role.OFFSET}
SWAPS = {
    "scale and variance of norms are swapped": SCALES,
    "offset and mean of norms are swapped": OFFSETS,
    "scale and variance, offset and mean of norms are swapped": SCALES | OFFSETS,
}
MEND = "weight is gamma, bias beta, running_mean moving_mean, running_var moving_variance"


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use):
        for what, swap in SWAPS.items():
            yield Mistake(what, _swapped(world, swap), MEND)


def _swapped(world: Use, swap: dict[Role, Role]) -> Use:
    def other(slot: Slot) -> Slot:
        return replace(slot, role=swap.get(slot.role, slot.role))

    return mixed_up(world, other)


DIFFERENCE = Difference(
    name="swapped_statistics",
    group=Group.NORMALISATION,
    title="a norm's four arrays have four names in each framework, and one shape",
    about=(
        "PyTorch calls a norm's scale and offset weight and bias, Keras gamma and beta; mean and"
        " variance are running_mean and running_var here, moving_mean and moving_variance there."
        " Other libraries list mean and variance before scale and offset, in files without names."
        " All four have one number for each channel, so that no check of shapes tells them apart,"
        " and a script that pairs them up by hand, or by position, may pair them up wrong. In a"
        " fresh network scale and variance are both 1, offset and mean both 0: all tests with fresh"
        " networks pass. Only random or trained statistics show it. Mean and variance swapped with"
        " each other show at once, as square roots of negative numbers."
    ),
    torch="arrays = [bn.weight, bn.bias, bn.running_mean, bn.running_var]",
    keras="layer.set_weights(arrays)  # gamma, beta, moving_mean, moving_variance",
    wrong="layer.set_weights([bn.running_var, bn.running_mean, bn.weight, bn.bias])",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the norms are fresh", lambda: untrained("resnet18")),),
)
