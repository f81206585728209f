"""What a norm keeps of a batch's variance."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

import resnet_spec
from resnet_duet.experiments.difference import Difference, Exercise, Group, Hidden, Mistake, World
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.recipe import PLAIN, Variance
from resnet_duet.experiments.training import Training, counts, small_training
from resnet_duet.experiments.use import Use, reweighted
from resnet_spec import Role, Slot
from resnet_spec.measure import usual_size

BATCHES = (1, 2, 8, 32, 128, 256)  # that networks are trained with, on one device


def mistakes(world: World) -> Iterator[Mistake]:
    if isinstance(world, Training):
        yield _kept_otherwise(world)
    elif isinstance(world, Use):
        for batch in BATCHES:
            for wrong in Variance:
                yield from _carried_over(world, batch, wrong)


def _kept_otherwise(world: Training) -> Mistake:
    right = world.recipe.variance
    (wrong,) = set(Variance) - {right}
    recipe = replace(world.recipe, variance=wrong)
    what = f"norms keep the {wrong} variance, not the {right} one"
    return Mistake(what, replace(world, recipe=recipe), _mend(right))


def _carried_over(world: Use, batch: int, wrong: Variance) -> Iterator[Mistake]:
    """Running variances as the other framework would have kept them."""
    plan = resnet_spec.plan(world.spec)
    height, width = usual_size(plan)
    numbers = counts(plan, batch, (height, width))
    if min(numbers.values()) < 2:
        return  # a variance of one number

    def change(slot: Slot, array: np.ndarray) -> np.ndarray:
        if slot.role is not Role.VAR:
            return array
        n = numbers[slot.layer.name]
        return array * ((n - 1) / n if wrong is Variance.BIASED else n / (n - 1))

    (right,) = set(Variance) - {wrong}
    images = f"batches of {batch} at {height}x{width}"
    what = f"running variances are the {wrong} ones, not the {right} ones, of {images}"
    yield Mistake(what, reweighted(world, change), _mend(right))


def _mend(right: Variance) -> str:
    return f"running_var *= {'n / (n - 1)' if right is Variance.UNBIASED else '(n - 1) / n'}"


DIFFERENCE = Difference(
    name="biased_variance",
    group=Group.NORMALISATION,
    title="the running variance: divided by n - 1 in PyTorch, by n in Keras",
    about=(
        "In training both frameworks normalise by the variance of the batch divided by n, the"
        " number of pixels that a channel has in the whole batch. But what they keep for inference"
        " is not the same: PyTorch keeps the unbiased variance, divided by n - 1, and Keras what"
        " it has computed. So two equal trainings end with equal weights and with running"
        " variances that differ by n / (n - 1), more in the late stages, where n is small: a map"
        " of 7x7 pixels gives 49 for each image. Carrying weights over is right as it is, since"
        " each framework's variances are what that training has made; it becomes a difference when"
        " a network is trained on, or trained anew, in the other framework, above all with few"
        " images on each device."
    ),
    torch="norm = nn.BatchNorm2d(64)  # keeps x.var(dim=(0, 2, 3), correction=1)",
    keras=(
        "norm = layers.BatchNormalization()  # keeps keras.ops.var(x, axis=(0, 1, 2))\n"
        "norm.build(x.shape)\n"
        "old = norm.momentum * norm.moving_variance\n"
        "y = norm(x, training=True)  # at each step\n"
        "norm.moving_variance.assign(old + (norm.moving_variance - old) * n / (n - 1))"
    ),
    wrong="norm = layers.BatchNormalization()",
    wrong_in="keras",
    mistakes=mistakes,
    shown=lambda: small_training(PLAIN, batch=4),
    hidden=(
        Hidden(
            "norms in training mode use the batch's own variance, and read no running one",
            lambda: replace(at_even_size("resnet18"), training=True),
        ),
    ),
    check=(
        "Train one step on a small batch of small images and compare running variances, each with"
        " its own n: less what was kept of the old one, they stand as n to n - 1. Running means,"
        " weights and losses agree to the last digit, and a large batch makes the factor nearly 1."
    ),
    exercise=Exercise(
        task=(
            "Give the batch `[[1.], [3.]]` once to a fresh norm of each framework that keeps nine"
            " tenths of the old statistics. Work out both running variances by hand, then measure,"
            " and mend Keras' by the line above. What does each framework do with a batch of a"
            " single number?"
        ),
        solution="""\
import numpy as np
import torch
from keras import layers

batch = np.array([[1.0], [3.0]])  # variance 1 divided by n, 2 divided by n - 1
ours = torch.nn.BatchNorm1d(1, momentum=0.1).double()
theirs = layers.BatchNormalization(momentum=0.9, dtype="float64")
theirs.build((None, 1))
old = 0.9 * theirs.moving_variance.numpy()
ours(torch.from_numpy(batch))
theirs(batch, training=True)
np.testing.assert_allclose(ours.running_var, 0.9 * 1 + 0.1 * 2, rtol=1e-6)
np.testing.assert_allclose(theirs.moving_variance, 0.9 * 1 + 0.1 * 1, rtol=1e-6)
theirs.moving_variance.assign(old + (theirs.moving_variance.numpy() - old) * 2 / (2 - 1))
np.testing.assert_allclose(theirs.moving_variance, ours.running_var, rtol=1e-6)

# n - 1 is 0: PyTorch refuses, and Keras keeps a variance of 0.
try:
    ours(torch.from_numpy(batch[:1]))
except ValueError as error:
    print("PyTorch:", error)
theirs(batch[:1], training=True)
print("Keras:", theirs.moving_variance.numpy())
""",
    ),
)
