"""Running statistics that nobody carried over."""

from collections.abc import Iterator

import numpy as np

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size, untrained
from resnet_duet.experiments.use import Use, reweighted
from resnet_spec import Role, Slot

FRESH = {Role.MEAN: np.zeros_like, Role.VAR: np.ones_like}
LOST = {
    "running means are 0 and variances 1": (Role.MEAN, Role.VAR),
    "running means are 0": (Role.MEAN,),
    "running variances are 1": (Role.VAR,),
}
MEND = "copy running_mean and running_var too: state_dict() has them, parameters() has not"


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Use):
        for what, roles in LOST.items():
            yield Mistake(what, _without(world, roles), MEND)


def _without(world: Use, roles: tuple[Role, ...]) -> Use:
    def change(slot: Slot, array: np.ndarray) -> np.ndarray:
        return FRESH[slot.role](array) if slot.role in roles else array

    return reweighted(world, change)


DIFFERENCE = Difference(
    name="lost_statistics",
    group=Group.NORMALISATION,
    title="running means and variances are weights that no optimizer knows",
    about=(
        "A batch norm has four arrays. Two are learned, scale and offset; two are measured, mean"
        " and variance of what came by in training. PyTorch calls the latter buffers, which"
        " parameters() does not list; Keras calls them non-trainable, so that trainable_weights"
        " does not list them. A script that walks over the learned ones carries half of each norm"
        " over and leaves mean 0 and variance 1 in the rest, as a well-known loader did for years."
        " Every array it names is right, bit for bit, and the network is useless. A fresh network"
        " has exactly these statistics, so that a test on one sees nothing: tests need random ones,"
        " and a way there and back has to count them."
    ),
    torch="arrays = net.state_dict()  # parameters and buffers",
    keras="arrays = model.weights  # trainable or not",
    wrong="for name, array in net.named_parameters():\n    copy(name, array)",
    wrong_in="torch",
    mistakes=mistakes,
    shown=lambda: at_even_size("resnet18"),
    hidden=(Hidden("the network was never trained", lambda: untrained("resnet18")),),
    check=(
        "Compare outputs in inference mode with random running means and variances, or count the"
        " arrays: four for each norm on both sides, and PyTorch has a counter besides. A test on a"
        " fresh network passes, and so does one that compares the arrays that were carried, each"
        " with its original."
    ),
    exercise=Exercise(
        task=(
            "Which arrays of `nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))` are in"
            " `state_dict()` and not in `named_parameters()`? Write the copy that loses them, and"
            " show that it passes on fresh norms and fails when the source has seen one batch in"
            " training mode. Then find the same two arrays in Keras."
        ),
        solution="""\
import torch
from keras import layers
from torch import nn


def network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)).double()


x = torch.ones(2, 3, 5, 5, dtype=torch.float64).cumsum(dim=3)
source, target = network(0), network(1)
lost = set(source.state_dict()) - {name for name, _ in source.named_parameters()}
assert lost == {"1.running_mean", "1.running_var", "1.num_batches_tracked"}

for trained in (False, True):
    if trained:
        source.train()(x)  # moves the running statistics, which no parameter shows
    target.load_state_dict(dict(source.named_parameters()), strict=False)
    same = torch.equal(source.eval()(x), target.eval()(x))
    assert same is not trained
norm = layers.BatchNormalization()
norm.build((None, 8))
hidden = [array.name for array in norm.weights if not array.trainable]
assert hidden == ["moving_mean", "moving_variance"]
print("lost in PyTorch:", sorted(lost), " in Keras:", hidden)
""",
    ),
)
