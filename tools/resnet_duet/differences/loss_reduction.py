"""What a sum of weighted losses is divided by."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.experiments.difference import Difference, Group, Hidden, Mistake, World
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
    mistakes=mistakes,
    shown=lambda: small_training(WEIGHTED, batch=4),
    hidden=(
        Hidden(
            "all weights are 1, and a batch is a single image",
            lambda: small_training(PLAIN, batch=1),
        ),
    ),
)
