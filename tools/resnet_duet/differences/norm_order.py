"""A norm's scale and offset, taken by their place in a list."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Mistake, World
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
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(),
    check=(
        "Compare outputs, with fresh norms or with others: a scale of 0 and an offset of 1 show"
        " everywhere. A check of shapes passes, and so does one that both arrays are there. Before"
        " that, read arrays by name, and write a test that gives the loader a file whose names"
        " stand in another order."
    ),
    exercise=Exercise(
        task=(
            "Write `gamma` of ones and then `beta` of zeros into an .h5 file in memory, list the"
            " file, and do the same with `track_order=True`. Predict both lists. Then take the two"
            " arrays by their place, as scale and offset, from the first file: what does the norm"
            " make of an image, and would `moving_mean` and `moving_variance` be mixed up as well?"
        ),
        solution="""\
import h5py
import numpy as np

x = np.random.default_rng(0).standard_normal((4, 2))


def written(track_order):
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    with h5py.File(
        f"{track_order}.h5", "w", driver="core", backing_store=False, track_order=track_order
    ) as file:
        for name, value in zip(names, (1.0, 0.0, 0.0, 1.0), strict=True):
            file[name] = np.full(2, value)
        return list(file), [array[()] for array in file.values()]


names, (scale, offset, mean, variance) = written(track_order=False)
assert names == ["beta", "gamma", "moving_mean", "moving_variance"]  # the alphabet's order
assert written(track_order=True)[0] == ["gamma", "beta", "moving_mean", "moving_variance"]
# The image is multiplied by 0, and 1 is added. Mean stands before variance in every order.
assert (scale * (x - mean) / np.sqrt(variance + 1e-5) + offset == 1).all()
print(names, "and an image of nothing but 1")
""",
    ),
)
