"""Labels that are not quite sure."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.recipe import PLAIN
from resnet_duet.experiments.training import Training, small_training


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Training):
        return
    right = world.recipe.label_smoothing
    wrong = replace(world, recipe=replace(world.recipe, label_smoothing=0.0))
    mend = f"CategoricalCrossentropy(from_logits=True, label_smoothing={right:g}), one-hot labels"
    yield Mistake(f"label_smoothing is 0, not {right:g}", wrong, mend)


DIFFERENCE = Difference(
    name="label_smoothing",
    group=Group.TRAINING,
    title="label smoothing: an argument of PyTorch's one cross-entropy, of one of Keras' two",
    about=(
        "Smoothed labels give the right class 1 - s + s / K and each other one of K classes s / K,"
        " so that the network need not become certain. PyTorch's cross_entropy does it with class"
        " numbers for labels. Keras has two losses: the one for one-hot labels has an argument"
        " label_smoothing, the sparse one for class numbers has none. Data sets come with class"
        " numbers, so a recipe carried over with its labels as they are drops the smoothing. The"
        " training works, its loss falls lower than in PyTorch, which looks like success, and the"
        " network ends surer of itself than the recipe meant it to be. With class weights"
        " on top there is no carrying over: PyTorch weights each class's share of a smoothed label"
        " by that class, Keras weights a whole image by its own."
    ),
    torch="F.cross_entropy(logits, labels, label_smoothing=0.1)",
    keras=(
        "loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)\n"
        "loss(keras.ops.one_hot(labels, 1000), logits)"
    ),
    wrong="keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits)",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: small_training(replace(PLAIN, label_smoothing=0.125), batch=4),
    hidden=(Hidden("nothing is to be smoothed", lambda: small_training(PLAIN, batch=4)),),
    check=(
        "Compare the losses of one batch from the same weights before anything is trained, with"
        " logits that are not all equal. Equal logits have the loss ln K with any smoothing, and"
        " accuracies tell nothing; later a loss below the entropy of the smoothed labels convicts"
        " it."
    ),
    exercise=Exercise(
        task=(
            "A recipe smooths labels by 0.1 over ten classes. Work out the smallest loss that any"
            " network can have under it, and the logits that have it. Check with PyTorch's loss and"
            " both of Keras'. A log from Keras shows a training loss of 0.2: what happened?"
        ),
        solution="""\
from math import log

import keras
import numpy as np
import torch

label, smoothing = np.full(10, 0.1 / 10), 0.1
label[3] += 1 - smoothing
floor = -(0.91 * log(0.91) + 9 * 0.01 * log(0.01))  # the entropy of the smoothed label
logits, labels = np.log(label)[None], np.array([3])  # whose softmax is the label itself

options = {"from_logits": True, "dtype": "float64"}
dense = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing, **options)
sparse = keras.losses.SparseCategoricalCrossentropy(**options)
ours = torch.nn.functional.cross_entropy(
    torch.from_numpy(logits), torch.from_numpy(labels), label_smoothing=smoothing
)
theirs = dense(np.eye(10)[labels], logits)
np.testing.assert_allclose([ours.item(), float(theirs)], floor, rtol=1e-6)
# 0.2 is below it, so nothing was smoothed: the sparse loss has no floor but 0.
assert float(sparse(labels, logits)) < 0.2 < floor
assert float(sparse(labels, 10 * logits)) < 1e-6
print("no smoothed loss is below", floor)
""",
    ),
)
