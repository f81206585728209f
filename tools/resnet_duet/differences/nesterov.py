"""Momentum that looks ahead, or does not."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.recipe import PLAIN
from resnet_duet.experiments.training import Training, small_training


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Training):
        return
    right = world.recipe.nesterov
    recipe = replace(world.recipe, nesterov=not right)
    what = f"nesterov is {not right}, not {right}"
    yield Mistake(what, replace(world, recipe=recipe), f"nesterov={right}")


DIFFERENCE = Difference(
    name="nesterov",
    group=Group.TRAINING,
    title="Nesterov's momentum: off by default in both, on in some recipes, under the same name",
    about=(
        "Plain momentum steps along the velocity. Nesterov's steps along what the velocity will be"
        " if the gradient stays: rate * (g + momentum * v) in place of rate * v. Both frameworks"
        " write it alike and have it off, so it is not they who differ but the recipes: timm's"
        ' "sgd" has it on and its "momentum" has it off, the reference scripts of torchvision have'
        " it off, and a table in a paper says SGD with momentum 0.9 either way. Whoever carries a"
        " recipe over by its numbers loses it without a word. Unlike most, it shows in the very"
        " first step, which is 1 + momentum times as long. Without momentum there is nothing to"
        " look along: Keras then ignores the choice, and PyTorch refuses it."
    ),
    torch="torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, nesterov=True)",
    keras="keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True)",
    wrong="keras.optimizers.SGD(0.1, momentum=0.9)",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: small_training(replace(PLAIN, momentum=0.875, nesterov=True), batch=4),
    hidden=(Hidden("there is no momentum", lambda: small_training(PLAIN, batch=4)),),
    check=(
        "Train one step with momentum from the same weights and compare them: the ratio of the two"
        " steps is 1 + momentum. Nothing but the optimizer's own setting says which it is; the loss"
        " falls either way."
    ),
    exercise=Exercise(
        task=(
            "A weight's gradient is always 1, the rate 1 and the momentum 0.5. Work out the first"
            " four steps of plain momentum and of Nesterov's, find the rule by which the second"
            " list follows from the first, and check both with each framework. What is left of the"
            " difference after many steps?"
        ),
        solution="""\
import keras
import numpy as np
import torch


def ours(nesterov):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, weights = torch.optim.SGD([weight], 1.0, momentum=0.5, nesterov=nesterov), [0.0]
    for _ in range(5):
        weight.grad = torch.ones_like(weight)
        optimizer.step()
        weights.append(weight.item())
    return (-np.diff(weights)).tolist()


def theirs(nesterov):
    variable, weights = keras.Variable(np.zeros(1), dtype="float64"), [0.0]
    optimizer = keras.optimizers.SGD(1.0, momentum=0.5, nesterov=nesterov)
    for _ in range(5):
        optimizer.apply([np.ones(1)], [variable])
        weights.append(float(variable[0]))
    return (-np.diff(weights)).tolist()


plain, ahead = ours(False), ours(True)
assert theirs(False) == plain == [1, 1.5, 1.75, 1.875, 1.9375]
# 1 + 0.5 * v is the next velocity: Nesterov's is one step ahead while the gradient stays.
assert theirs(True)[:4] == ahead[:4] == plain[1:]
print("plain:", plain, " Nesterov's:", ahead, " both go to 1 / (1 - 0.5)")
""",
    ),
)
