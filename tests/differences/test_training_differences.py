"""One recipe is one training in both frameworks, and what the registry says of training is true."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.differences import biased_variance, difference
from resnet_duet.experiments import train_keras, train_torch
from resnet_duet.experiments.measure import measure
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.recipe import PLAIN, Decay, Recipe, Reduction, Variance, Velocity
from resnet_duet.experiments.start import CUT, DRAW, Initial, Sight, Start
from resnet_duet.experiments.training import Training, counts, small_training
from resnet_duet.proof.rows import relative_error
from resnet_spec import ResNetError
from worlds import assert_close, images, thin

# Three steps in float64: 3e-16 to 5e-16 was measured, and 2e-15 where a logarithm of clipped logits
# is learned from. The least of the mistakes costs 2e-3.
TOGETHER = 1e-12
APART = 1e-3
SAMPLING = 0.01  # quantiles of 300,000 numbers; 3e-3 was measured, and the least mistake costs 0.3

MOMENTUM = replace(PLAIN, momentum=0.875)
FALLING = replace(MOMENTUM, rates=(0.125, 0.0625, 2**-5))
NESTEROV = replace(FALLING, nesterov=True)
DECAYING = replace(MOMENTUM, weight_decay=2**-7)
WEIGHTED = replace(PLAIN, class_weights=(0.25, 0.5, 1.0, 2.0, 4.0))

# Every value of every choice: the one framework's own code does it, the other's is corrected.
RECIPES = {
    "momentum": MOMENTUM,
    "momentum, a falling rate": FALLING,
    "momentum of steps, a falling rate": replace(FALLING, velocity=Velocity.STEPS),
    "nesterov": NESTEROV,
    "nesterov of steps": replace(NESTEROV, velocity=Velocity.STEPS),
    "coupled decay": DECAYING,
    "decoupled decay": replace(DECAYING, decay=Decay.DECOUPLED),
    "biased variance": replace(PLAIN, variance=Variance.BIASED),
    "label smoothing": replace(PLAIN, label_smoothing=0.125),
    "class weights": WEIGHTED,
    "class weights by the batch": replace(WEIGHTED, reduction=Reduction.BY_BATCH),
    "class weights summed": replace(WEIGHTED, reduction=Reduction.SUM),
    "softmax twice": replace(PLAIN, softmax=True),
    "logits for probabilities": replace(PLAIN, from_logits=False),
}
NETS = ["resnet18", "resnet50", "keras_resnet50v2", "resnet18d", "cifar_resnet20"]
NETS += ["mlperf_resnet8", pytest.param("resnext50_32x4d", marks=pytest.mark.slow)]
SIZE, BATCH, CLASSES = (32, 48), 4, 7


def trained(recipe: Recipe, framework: str = "torch") -> np.ndarray:
    return small_training(recipe, BATCH).run(framework)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [PLAIN, *RECIPES.values()], ids=["plain", *RECIPES])
def test_a_recipe_is_one_training_in_both_frameworks(recipe):
    assert relative_error(trained(recipe), trained(recipe, "keras")) < TOGETHER


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_choice_of_a_recipe_counts(recipe):
    assert relative_error(trained(PLAIN), trained(recipe)) > APART


def test_a_softmax_before_a_loss_of_probabilities_is_the_plain_recipe():
    recipe = replace(PLAIN, softmax=True, from_logits=False)
    for framework in ("torch", "keras"):
        assert relative_error(trained(PLAIN), trained(recipe, framework)) < TOGETHER


def test_a_momentum_that_binary_does_not_hold_parts_the_two():
    """Keras rounds 0.9 to float32, and 0.875 is exact there."""
    recipe = replace(PLAIN, momentum=0.9)
    error = relative_error(trained(recipe), trained(recipe, "keras"))
    assert TOGETHER < error < 1e-7


@pytest.mark.parametrize("name", NETS)
def test_running_means_agree_and_running_variances_differ_by_bessels_factor(name):
    """PyTorch keeps the unbiased variance of a batch, Keras the biased one."""
    spec = replace(thin(resnet_spec.get(name)), num_classes=CLASSES)
    recipe = replace(PLAIN, rates=(0.125,), class_weights=(1.0,) * CLASSES)
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    x, labels = images(SIZE, batch=BATCH), np.arange(BATCH) % CLASSES
    right = Training(spec, weights, x, labels, recipe, "float64")
    ours = right.trained("torch")
    keras_own = replace(right, recipe=replace(recipe, variance=Variance.BIASED))
    theirs = keras_own.trained("keras")
    numbers = counts(resnet_spec.plan(spec), BATCH, SIZE)
    assert numbers
    for norm, n in numbers.items():
        mean, var = f"{norm}.running_mean", f"{norm}.running_var"
        assert_close(theirs[mean], ours[mean], mean)
        kept = spec.norm_decay * weights[var]
        assert_close((theirs[var] - kept) * n / (n - 1), ours[var] - kept, var)
        assert np.abs(theirs[var] - ours[var]).max() > 1e-10 * np.abs(ours[var]).max()


def test_running_variances_of_the_other_kind_show_in_inference():
    shown = measure(
        replace(biased_variance.DIFFERENCE, shown=lambda: at_even_size("resnet18"), hidden=())
    ).shown
    assert len(shown) == 2 * len(biased_variance.BATCHES)
    assert all(mistake.shows for mistake in shown)
    assert shown[0].error > 50 * shown[-1].error  # a batch of 1 against one of 256


def test_equal_weights_hide_which_mean_it_is_but_not_a_sum():
    by_batch = replace(PLAIN, reduction=Reduction.BY_BATCH)
    assert relative_error(trained(PLAIN), trained(by_batch, "keras")) < TOGETHER
    summed = replace(PLAIN, reduction=Reduction.SUM)
    assert relative_error(trained(PLAIN), trained(summed, "keras")) > APART


def test_the_scale_of_class_weights_cancels_out_in_pytorchs_mean_only():
    twice = replace(PLAIN, class_weights=(2.0,) * 5)
    assert relative_error(trained(PLAIN), trained(twice)) < TOGETHER
    by_batch = replace(twice, reduction=Reduction.BY_BATCH)
    assert relative_error(trained(PLAIN), trained(by_batch)) > APART


def test_a_single_image_is_not_weighted_by_pytorchs_mean():
    heavy = replace(WEIGHTED, class_weights=(8.0, 1.0, 1.0, 1.0, 1.0))
    one, other = small_training(PLAIN, batch=1), small_training(heavy, batch=1)
    assert relative_error(one.run("torch"), other.run("torch")) < TOGETHER


def test_half_the_decay_as_an_l2_regularizer_is_coupled_decay():
    import keras
    import tensorflow as tf

    weight = tf.Variable(np.random.default_rng(0).standard_normal(7))
    with tf.GradientTape() as tape:
        penalty = keras.regularizers.L2(2**-7 / 2)(weight)
    np.testing.assert_allclose(tape.gradient(penalty, weight), 2**-7 * weight.numpy(), rtol=1e-15)


def test_a_softmax_taken_twice_leaves_a_loss_that_cannot_fall():
    import torch

    certain, labels = 100 * torch.eye(10, dtype=torch.float64), torch.arange(10)
    recipe = replace(PLAIN, softmax=True, class_weights=(1.0,) * 10)
    floor = np.log(1 + 9 / np.e)
    np.testing.assert_allclose(train_torch.loss(certain, labels, recipe), floor, rtol=1e-12)
    np.testing.assert_allclose(floor, 1.46, atol=0.005)


def test_keras_losses_take_the_logits_that_its_softmax_remembers():
    import keras

    logits = keras.ops.convert_to_tensor(np.array([[1.0, 2.0, 3.0]]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    with pytest.warns(UserWarning, match="from_logits=True"):
        mended = loss(np.array([0]), keras.ops.softmax(logits))
    np.testing.assert_allclose(mended, loss(np.array([0]), logits), rtol=1e-15)


def test_logits_taken_for_probabilities_have_no_gradient_outside_0_and_1():
    import tensorflow as tf
    import torch

    logits, recipe = np.array([[-1.0, 0.25, 0.5, 2.0, 3.0]]), replace(PLAIN, from_logits=False)
    ours = torch.tensor(logits, requires_grad=True)
    train_torch.loss(ours, torch.tensor([1]), recipe).backward()
    theirs = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = train_keras.loss(theirs.value(), np.array([1]), recipe)
    for gradient in (ours.grad.numpy(), tape.gradient(value, theirs).numpy()):
        assert (gradient != 0).tolist() == [[False, True, True, False, False]]


@pytest.mark.parametrize("initial", Initial)
def test_a_distribution_has_the_same_quantiles_in_both_frameworks(initial):
    start = Start((256, 128, 3, 3), initial, Sight.KERNEL, 0, "float64")
    assert relative_error(start.run("torch"), start.run("keras")) < SAMPLING


@pytest.mark.parametrize("framework", DRAW)
def test_he_normal_of_equal_fans_has_the_right_deviation_and_no_tails(framework):
    start = Start((192, 192, 3, 3), Initial.HE_FAN_IN_CUT, Sight.KERNEL, 0, "float64")
    right = np.sqrt(2 / (192 * 9))
    cut, whole = DRAW[framework](start), DRAW[framework](replace(start, initial=Initial.HE_FAN_OUT))
    for kernel in (cut, whole):
        np.testing.assert_allclose(kernel.std(), right, rtol=SAMPLING)
    assert np.abs(cut).max() <= 2 * right / CUT < 0.6 * np.abs(whole).max()


@pytest.mark.parametrize(
    "choices",
    [
        {"label_smoothing": 0.125, "from_logits": False},
        {"label_smoothing": 0.125, "class_weights": (1.0, 2.0, 1.0, 1.0, 1.0)},
        {"rates": (0.125, 0.0)},
    ],
)
def test_a_recipe_that_the_frameworks_would_read_in_two_ways_is_refused(choices):
    with pytest.raises(ResNetError):
        replace(PLAIN, **choices)


def test_no_mistake_of_training_is_made_where_nothing_is_trained():
    use = at_even_size("resnet18")
    names = "weight_decay sgd_momentum nesterov label_smoothing loss_reduction loss_logits"
    for name in (*names.split(), "initial_distribution"):
        assert list(difference(name).mistakes(use)) == []
