"""What is learned of a norm, and what is measured, taken for each other."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
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
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the norms are fresh", lambda: untrained("resnet18")),),
    check=(
        "Compare outputs with all four arrays of every norm random and different, variances"
        " positive. Fresh norms and checks of shapes show nothing: scale and variance are both 1"
        " there, offset and mean both 0, and all four have one shape."
    ),
    exercise=Exercise(
        task=(
            "Four arrays can be given to the four places of a norm in 24 orders. Work out how many"
            " of them leave a fresh norm (scale 1, offset 0, mean 0, variance 1) the function that"
            " it is, then let numpy count, for a fresh norm and for one with four random arrays"
            " between 0.5 and 2."
        ),
        solution="""\
from itertools import permutations

import numpy as np

rng = np.random.default_rng(0)
x = rng.standard_normal((4, 8))


def norm(scale, offset, mean, variance):
    return scale * (x - mean) / np.sqrt(variance + 1e-5) + offset


def count(arrays):
    right = norm(*arrays)
    return sum(np.allclose(norm(*order), right, rtol=1e-12) for order in permutations(arrays))


one, zero = np.ones(8), np.zeros(8)
# The two ones may change places, and the two zeros: 2 * 2 orders, three of them wrong.
assert count([one, zero, zero, one]) == 4
assert count(list(rng.uniform(0.5, 2.0, (4, 8)))) == 1
print("orders that look right: 4 with a fresh norm, 1 with a random one")
""",
    ),
)
