"""What a sum of weighted losses is divided by."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.recipe import PLAIN, Reduction
from resnet_duet.experiments.training import Training, small_training

_MENDS = {
    Reduction.BY_WEIGHTS: 'reduction="mean_with_sample_weight"',
    Reduction.BY_BATCH: 'F.cross_entropy(..., weight=weights, reduction="sum") / len(labels)',
    Reduction.SUM: 'reduction="sum"',
}
WEIGHTED = replace(PLAIN, class_weights=(0.25, 0.5, 1.0, 2.0, 4.0))


def mistakes(world: World) -> Iterator[Mistake]:
    if not isinstance(world, Training):
        return
    right = world.recipe.reduction
    for wrong in Reduction:
        if wrong is not right:
            recipe = replace(world.recipe, reduction=wrong)
            what = f"weighted losses are divided {wrong}, not {right}"
            yield Mistake(what, replace(world, recipe=recipe), _MENDS[right])


DIFFERENCE = Difference(
    name="loss_reduction",
    group=Group.TRAINING,
    title="the mean of weighted losses: by the sum of the weights in PyTorch, by images in Keras",
    about=(
        "Class weights make rare classes count for more. PyTorch's cross_entropy then divides"
        " the weighted losses of a batch by the sum of their weights, Keras' class_weight and"
        " sample_weight by the number of images. So in Keras a batch of heavy classes takes a"
        " longer step; in PyTorch the weights only say how much of the step is whose, and a"
        " single image is not weighted at all. The scale of the weights cancels out in PyTorch"
        " and multiplies the learning rate in Keras: a thousand weights that sum to 1 make it a"
        " thousand times smaller. A plain sum, which a loop of one's own may forget to divide,"
        " multiplies the rate by the size of the batch. With all weights 1 the two means are"
        " one, so that a test without weights shows nothing. Keras knows PyTorch's mean by the"
        ' name of reduction="mean_with_sample_weight".'
    ),
    torch="F.cross_entropy(logits, labels, weight=weights)",
    keras=(
        "loss = keras.losses.SparseCategoricalCrossentropy(\n"
        '    from_logits=True, reduction="mean_with_sample_weight"\n'
        ")\n"
        "loss(labels, logits, sample_weight=keras.ops.take(weights, labels))"
    ),
    wrong=(
        "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
        "loss(labels, logits, sample_weight=keras.ops.take(weights, labels))"
    ),
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: small_training(WEIGHTED, batch=4),
    hidden=(
        Hidden(
            "all weights are 1, and a batch is a single image",
            lambda: small_training(PLAIN, batch=1),
        ),
    ),
    check=(
        "Compare the loss of one batch whose class weights differ and do not add up to the number"
        " of its images. Weights of 1 hide it, and so does any batch whose weights have the mean 1;"
        " the accuracy says nothing."
    ),
    exercise=Exercise(
        task=(
            "All logits are 0, there are two classes with the weights 1 and 3, and a batch has one"
            " image of each. Every single loss is ln 2. Work out PyTorch's loss and Keras' default,"
            " and both for a batch of two images of the heavy class. Then find weights that are not"
            " all 1 with which the first batch hides the difference."
        ),
        solution="""\
from math import log

import keras
import numpy as np
import torch

logits = np.zeros((2, 2))


def ours(labels, weights):
    weights = torch.tensor(weights, dtype=torch.float64)
    return torch.nn.functional.cross_entropy(
        torch.from_numpy(logits), torch.tensor(labels), weight=weights
    ).item()


def theirs(labels, weights, reduction="sum_over_batch_size"):
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction=reduction, dtype="float64"
    )
    return float(loss(np.array(labels), logits, sample_weight=np.array(weights)[labels]))


for labels, factor in (([0, 1], 2.0), ([1, 1], 3.0)):  # the mean weight of the batch
    assert np.isclose(ours(labels, [1.0, 3.0]), log(2))
    assert np.isclose(theirs(labels, [1.0, 3.0]), factor * log(2))
    assert np.isclose(theirs(labels, [1.0, 3.0], "mean_with_sample_weight"), log(2))
assert np.isclose(ours([0, 1], [0.5, 1.5]), theirs([0, 1], [0.5, 1.5]))  # of mean weight 1
print(ours([0, 1], [1.0, 3.0]), theirs([0, 1], [1.0, 3.0]))
""",
    ),
)
