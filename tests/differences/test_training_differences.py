"""The same settings train both frameworks alike, and the training differences are real."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.differences import DIFFERENCES
from resnet_duet.differences.biased_variance.mistakes import BATCHES
from resnet_duet.differences.measure import measure
from resnet_duet.scenarios import train_keras, train_torch
from resnet_duet.scenarios.initialization import CUT, DRAW, Initial, InitScenario, MeasuredOn
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.scenarios.optimizer_settings import (
    PLAIN,
    Decay,
    OptimizerSettings,
    Reduction,
    Variance,
    Velocity,
)
from resnet_duet.scenarios.training import TrainingScenario, counts, small_training
from resnet_duet.weights.relative_error import relative_error
from resnet_spec import ResNetError
from support.networks import assert_close, images, thin

# After three steps in float64 the error is 3e-16 to 5e-16, and 2e-15 where the loss takes the
# logarithm of clipped logits. The smallest error of a mistake is 2e-3.
MATCH = 1e-12
DIFFER = 1e-3
SAMPLING = 0.01  # quantiles of 300,000 values differ by 3e-3; the smallest error is 0.3

MOMENTUM = replace(PLAIN, momentum=0.875)
FALLING = replace(MOMENTUM, rates=(0.125, 0.0625, 2**-5))
NESTEROV = replace(FALLING, nesterov=True)
DECAYING = replace(MOMENTUM, weight_decay=2**-7)
WEIGHTED = replace(PLAIN, class_weights=(0.25, 0.5, 1.0, 2.0, 4.0))

# Every value of every setting. One framework has it as its own, and the other is corrected.
SETTINGS = {
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
    "logits as probabilities": replace(PLAIN, from_logits=False),
}
NETS = ["resnet18", "resnet50", "keras_resnet50v2", "resnet18d", "cifar_resnet20"]
NETS += ["mlperf_resnet8", pytest.param("resnext50_32x4d", marks=pytest.mark.slow)]
SIZE, BATCH, CLASSES = (32, 48), 4, 7


def trained(settings: OptimizerSettings, framework: str = "torch") -> np.ndarray:
    return small_training(settings, BATCH).run(framework)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [PLAIN, *SETTINGS.values()], ids=["plain", *SETTINGS])
def test_the_same_settings_give_the_same_weights_in_both_frameworks(settings):
    assert relative_error(trained(settings), trained(settings, "keras")) < MATCH


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_has_an_effect(settings):
    assert relative_error(trained(PLAIN), trained(settings)) > DIFFER


def test_a_softmax_before_a_loss_of_probabilities_is_a_loss_of_logits():
    settings = replace(PLAIN, softmax=True, from_logits=False)
    for framework in ("torch", "keras"):
        assert relative_error(trained(PLAIN), trained(settings, framework)) < MATCH


def test_a_momentum_that_float32_does_not_represent_gives_other_weights():
    """Keras rounds 0.9 to float32, which represents 0.875 exactly."""
    settings = replace(PLAIN, momentum=0.9)
    error = relative_error(trained(settings), trained(settings, "keras"))
    assert MATCH < error < 1e-7


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_running_means_agree_and_running_variances_differ_by_bessels_factor(name):
    """PyTorch keeps the unbiased variance of a batch, Keras 3 the biased one."""
    spec = replace(thin(resnet_spec.get(name)), num_classes=CLASSES)
    settings = replace(PLAIN, rates=(0.125,), class_weights=(1.0,) * CLASSES)
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    x, labels = images(SIZE, batch=BATCH), np.arange(BATCH) % CLASSES
    right = TrainingScenario(spec, weights, x, labels, settings, "float64")
    torch_arrays = right.trained_weights("torch")
    keras_own = replace(right, settings=replace(settings, variance=Variance.BIASED))
    keras_arrays = keras_own.trained_weights("keras")
    values_per_channel = counts(resnet_spec.plan(spec), BATCH, SIZE)
    assert values_per_channel
    for norm, n in values_per_channel.items():
        mean, var = f"{norm}.running_mean", f"{norm}.running_var"
        assert_close(keras_arrays[mean], torch_arrays[mean], mean)
        kept = spec.norm_decay * weights[var]
        assert_close((keras_arrays[var] - kept) * n / (n - 1), torch_arrays[var] - kept, var)
        assert relative_error(torch_arrays[var], keras_arrays[var]) > 1e-10


def test_running_variances_of_the_other_kind_are_visible_in_inference():
    loaded = replace(
        DIFFERENCES["biased_variance"], visible=lambda: at_even_size("resnet18"), unnoticed=()
    )
    visible = measure(loaded).visible
    assert len(visible) == 2 * len(BATCHES)
    assert all(mistake.is_visible for mistake in visible)
    assert visible[0].error > 50 * visible[-1].error  # a batch of 1, and a batch of 256


def test_equal_class_weights_hide_the_kind_of_mean_but_not_a_sum():
    by_batch = replace(PLAIN, reduction=Reduction.BY_BATCH)
    assert relative_error(trained(PLAIN), trained(by_batch, "keras")) < MATCH
    summed = replace(PLAIN, reduction=Reduction.SUM)
    assert relative_error(trained(PLAIN), trained(summed, "keras")) > DIFFER


def test_only_pytorchs_mean_ignores_the_scale_of_class_weights():
    twice = replace(PLAIN, class_weights=(2.0,) * 5)
    assert relative_error(trained(PLAIN), trained(twice)) < MATCH
    by_batch = replace(twice, reduction=Reduction.BY_BATCH)
    assert relative_error(trained(PLAIN), trained(by_batch)) > DIFFER


def test_pytorchs_mean_ignores_the_class_weight_of_a_single_image():
    heavy = replace(WEIGHTED, class_weights=(8.0, 1.0, 1.0, 1.0, 1.0))
    one, other = small_training(PLAIN, batch=1), small_training(heavy, batch=1)
    assert relative_error(one.run("torch"), other.run("torch")) < MATCH


def test_half_the_decay_as_an_l2_regularizer_is_coupled_decay():
    import keras
    import tensorflow as tf

    weight = tf.Variable(np.random.default_rng(0).standard_normal(7))
    with tf.GradientTape() as tape:
        penalty = keras.regularizers.L2(2**-7 / 2)(weight)
    np.testing.assert_allclose(tape.gradient(penalty, weight), 2**-7 * weight.numpy(), rtol=1e-15)


def test_the_loss_of_a_second_softmax_has_a_floor():
    import torch

    certain, labels = 100 * torch.eye(10, dtype=torch.float64), torch.arange(10)
    settings = replace(PLAIN, softmax=True, class_weights=(1.0,) * 10)
    floor = np.log(1 + 9 / np.e)
    np.testing.assert_allclose(train_torch.loss(certain, labels, settings), floor, rtol=1e-12)
    np.testing.assert_allclose(floor, 1.46, atol=0.005)


def test_a_keras_loss_uses_the_logits_that_its_softmax_keeps():
    import keras

    logits = keras.ops.convert_to_tensor(np.array([[1.0, 2.0, 3.0]]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    with pytest.warns(UserWarning, match="from_logits=True"):
        fixed = loss(np.array([0]), keras.ops.softmax(logits))
    np.testing.assert_allclose(fixed, loss(np.array([0]), logits), rtol=1e-15)


def test_logits_as_probabilities_have_no_gradient_outside_0_and_1():
    import tensorflow as tf
    import torch

    logits, settings = np.array([[-1.0, 0.25, 0.5, 2.0, 3.0]]), replace(PLAIN, from_logits=False)
    torch_logits = torch.tensor(logits, requires_grad=True)
    train_torch.loss(torch_logits, torch.tensor([1]), settings).backward()
    keras_logits = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = train_keras.loss(keras_logits.value(), np.array([1]), settings)
    for gradient in (torch_logits.grad.numpy(), tape.gradient(value, keras_logits).numpy()):
        assert (gradient != 0).tolist() == [[False, True, True, False, False]]


@pytest.mark.parametrize("initial", Initial)
def test_both_frameworks_draw_the_same_distributions(initial):
    scenario = InitScenario((256, 128, 3, 3), initial, MeasuredOn.KERNEL, 0, "float64")
    assert relative_error(scenario.run("torch"), scenario.run("keras")) < SAMPLING


@pytest.mark.parametrize("framework", DRAW)
def test_truncated_he_normal_has_the_right_deviation_and_no_tails(framework):
    scenario = InitScenario(
        (192, 192, 3, 3), Initial.HE_FAN_IN_CUT, MeasuredOn.KERNEL, 0, "float64"
    )
    right = np.sqrt(2 / (192 * 9))
    cut = DRAW[framework](scenario)
    whole = DRAW[framework](replace(scenario, initial=Initial.HE_FAN_OUT))
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
def test_settings_that_the_frameworks_interpret_differently_are_refused(choices):
    with pytest.raises(ResNetError):
        replace(PLAIN, **choices)


def test_mistakes_of_training_do_not_apply_to_inference():
    scenario = at_even_size("resnet18")
    names = "weight_decay sgd_momentum nesterov label_smoothing loss_reduction loss_logits"
    for name in (*names.split(), "initial_distribution"):
        assert list(DIFFERENCES[name].mistakes(scenario)) == []
