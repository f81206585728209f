"""How fast a norm forgets old batches."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.recipe import PLAIN
from resnet_duet.experiments.training import Training, small_training
from resnet_duet.experiments.use import Use, amended

DEFAULTS = (0.9, 0.99)  # PyTorch's, and Keras'


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Training | Use):
        return
    right = world.spec.norm_decay
    theirs = round(1 - right, 12)  # the one framework's number in the other
    for decay in dict.fromkeys((*DEFAULTS, theirs)):
        if decay != right and (wrong := _with_decay(world, decay)):
            mend = f"BatchNormalization(momentum={right:g}); BatchNorm2d(momentum={1 - right:g})"
            yield Mistake(f"norm_decay is {decay:g}, not {right:g}", wrong, mend)


def _with_decay(world: Training | Use, decay: float) -> World | None:
    if isinstance(world, Use):
        return amended(world, {"norm_decay": decay})
    return replace(world, spec=replace(world.spec, norm_decay=decay)) if decay < 1 else None


DIFFERENCE = Difference(
    name="norm_decay",
    group=Group.NORMALISATION,
    title="a norm's momentum: the share of the new batch in PyTorch, of the old average in Keras",
    about=(
        "While a network trains, its batch norms keep running averages of mean and variance for"
        " later: average = decay * average + (1 - decay) * batch. PyTorch calls 1 - decay the"
        " momentum, and its default is 0.1; Keras calls decay the momentum, and its default is"
        " 0.99. So one word with one number means two opposite things. PyTorch's 0.1 in Keras"
        " forgets nine tenths at every step, and the averages are those of the last batch. Keras'"
        " default remembers a hundred batches where PyTorch's remembers ten, so that the averages"
        " of a short training still hold the 0 and 1 they began with, and validation looks bad"
        " while the training loss looks good. It is no weight, so no checkpoint holds it, and"
        " inference does not read it: who only uses a network cannot see it."
    ),
    torch="nn.BatchNorm2d(64, momentum=0.1)",
    keras="layers.BatchNormalization(momentum=0.9)",
    wrong="layers.BatchNormalization(momentum=0.1)  # and without momentum it is 0.99",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: small_training(PLAIN, batch=4),
    hidden=(Hidden("nothing is trained, so nothing moves", lambda: at_even_size("resnet18")),),
    check=(
        "Train one step on one batch, from the same weights, and compare the running statistics,"
        " not only the weights and the loss. Inference shows nothing, and no checkpoint holds it."
    ),
    exercise=Exercise(
        task=(
            "A norm's running mean begins at 0, and every batch has a mean of 1. Work out after"
            " how many batches it comes over 0.95 with PyTorch's default, with Keras' default, and"
            " with PyTorch's number 0.1 given to Keras. Write the loop with numpy, and check the"
            " first case with a norm of each framework."
        ),
        solution="""\
from math import ceil, log

import numpy as np
import torch
from keras import layers

# What is left of the beginning after n batches is decay ** n.
steps = {decay: ceil(log(0.05) / log(decay)) for decay in (0.9, 0.99, 0.1)}
for decay, number in steps.items():
    mean = 0.0
    for _ in range(number):
        before, mean = mean, decay * mean + (1 - decay) * 1.0
    assert before < 0.95 < mean

ours = torch.nn.BatchNorm1d(1, momentum=0.1).double()
theirs = layers.BatchNormalization(momentum=0.9, dtype="float64")
batch = np.ones((2, 1))
for _ in range(steps[0.9]):
    ours(torch.from_numpy(batch))
    theirs(batch, training=True)
np.testing.assert_allclose(ours.running_mean, 1 - 0.9 ** steps[0.9], rtol=1e-6)
np.testing.assert_allclose(theirs.moving_mean, 1 - 0.9 ** steps[0.9], rtol=1e-6)
print("batches until 0.95, by decay:", steps)
""",
    ),
)
