"""The learning rate outside the velocity, or inside."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.recipe import PLAIN, Velocity
from resnet_duet.experiments.training import Training, small_training

_MENDS = {
    Velocity.GRADIENTS: "velocity.assign(velocity * new_rate / old_rate), of optimizer.momentums",
    Velocity.STEPS: 'state["momentum_buffer"] *= old_rate / new_rate, of optimizer.state.values()',
}
CONSTANT = replace(PLAIN, momentum=0.875)
FALLING = replace(CONSTANT, rates=(0.125, 0.125, 2**-5))


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Training):
        return
    right = world.recipe.velocity
    (wrong,) = set(Velocity) - {right}
    recipe = replace(world.recipe, velocity=wrong)
    what = f"the velocity is made of {wrong}, not of {right}"
    yield Mistake(what, replace(world, recipe=recipe), _MENDS[right])


DIFFERENCE = Difference(
    name="sgd_momentum",
    group=Group.TRAINING,
    title="SGD's momentum: the learning rate outside the velocity in PyTorch, inside in Keras",
    about=(
        "PyTorch's velocity sums up gradients, v = momentum * v + g, and a step is rate * v. Keras'"
        " velocity sums up steps, v = momentum * v - rate * g, and a step is v. As long as the rate"
        " stays what it is, the one velocity is a multiple of the other and the steps are the same,"
        " with Nesterov's momentum and without. When a schedule lowers the rate, PyTorch's next"
        " step is shorter at once, but Keras' velocity still holds the long steps of before, and"
        " it takes tens of steps until they are forgotten; after a warm-up it is the other way"
        " round. Both train well; they are not the same training. To get PyTorch's formula in"
        " Keras, the velocities are multiplied by the ratio of the rates whenever the rate changes."
    ),
    torch=(
        "optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)\n"
        "schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [30, 60], gamma=0.1)"
    ),
    keras=(
        "optimizer = keras.optimizers.SGD(0.1, momentum=0.9)\n"
        "optimizer.build(model.trainable_variables)\n"
        "for velocity in optimizer.momentums:  # at each drop of the rate\n"
        "    velocity.assign(velocity * 0.1)\n"
        "optimizer.learning_rate = 0.01"
    ),
    wrong=(
        "drops = [30 * n - 1, 60 * n - 1]  # of steps, n an epoch\n"
        "rates = keras.optimizers.schedules.PiecewiseConstantDecay(drops, [0.1, 0.01, 0.001])\n"
        "keras.optimizers.SGD(rates, momentum=0.9)"
    ),
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: small_training(FALLING, batch=4),
    hidden=(
        Hidden("the rate stays what it is", lambda: small_training(CONSTANT, batch=4)),
        Hidden(
            "the rate stays what it is, with Nesterov's momentum",
            lambda: small_training(replace(CONSTANT, nesterov=True), batch=4),
        ),
        Hidden(
            "there is no momentum",
            lambda: small_training(replace(FALLING, momentum=0.0), batch=4),
        ),
    ),
    check=(
        "Train with momentum past a change of the rate, at least one step, and compare weights;"
        " choose a momentum that float32 holds exactly, as 0.875, since Keras rounds it. With a"
        " constant rate, or without momentum, all steps are the same."
    ),
    exercise=Exercise(
        task=(
            "One weight is 0, its gradient is always 1, the momentum is 0.5, and three steps have"
            " the rates 1, 1 and 1/8. Work out the weight after each step in PyTorch and in Keras,"
            " then run both. Add the line that gives PyTorch's numbers in Keras."
        ),
        solution="""\
from itertools import pairwise

import keras
import numpy as np
import torch

RATES = (1.0, 1.0, 0.125)
weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
optimizer, ours = torch.optim.SGD([weight], 1.0, momentum=0.5), []
for rate in RATES:
    optimizer.param_groups[0]["lr"] = rate
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    ours.append(weight.item())


def theirs(mended):
    variable = keras.Variable(np.zeros(1), dtype="float64")
    optimizer, weights = keras.optimizers.SGD(1.0, momentum=0.5), []
    optimizer.build([variable])
    for before, rate in pairwise((1.0, *RATES)):
        if mended:
            optimizer.momentums[0].assign(optimizer.momentums[0] * rate / before)
        optimizer.learning_rate = rate
        optimizer.apply([np.ones(1)], [variable])
        weights.append(float(variable[0]))
    return weights


assert ours == theirs(mended=True) == [-1, -2.5, -2.71875]  # the last step is 1.75 / 8
assert theirs(mended=False) == [-1, -2.5, -3.375]  # and here 1.5 / 2 + 1 / 8
print(ours, theirs(mended=False))
""",
    ),
)
