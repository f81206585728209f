"""Training: gradients agree, and the running variances differ by Bessel's factor."""

import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_spec.layers import Norm
from resnet_spec.measure import shapes
from worlds import assert_close, images, nchw, thin, twins

NETS = ["resnet18", "resnet50", "keras_resnet50v2", "resnet18d", "cifar_resnet20"]
NETS += ["mlperf_resnet8", pytest.param("resnext50_32x4d", marks=pytest.mark.slow)]
SIZE = (32, 48)
CLASSES = 7


def spec_of(name):
    return thin(resnet_spec.get(name))


def cross_entropy_gradients(spec, x, labels):
    """Gradients of both networks after one step in training mode, in torchvision's dialect."""
    import keras
    import tensorflow as tf
    import torch

    torch_net, keras_net = twins(spec)
    loss = torch.nn.functional.cross_entropy(
        torch_net.train()(torch.from_numpy(nchw(x))), torch.from_numpy(labels)
    )
    loss.backward()
    ours = {n: p.grad.numpy() for n, p in torch_net.named_parameters()}
    with tf.GradientTape() as tape:
        logits = keras_net(x, training=True)
        value = keras.ops.mean(
            keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
        )
    variables = keras_net.trainable_variables
    grads = tape.gradient(value, [v.value for v in variables])
    theirs = {v.path: g.numpy() for v, g in zip(variables, grads, strict=True)}
    assert_close(value.numpy(), loss.detach().numpy(), "loss")
    return torch_net, keras_net, ours, theirs


def as_torchvision(arrays, keras_net, spec):
    """Keras' gradients under PyTorch's names: filled up with the statistics, then converted."""
    full = resnet_tf.read(keras_net) | arrays
    return resnet_duet.convert(full, spec, "keras", "torchvision")


@pytest.mark.parametrize("name", NETS)
def test_gradients_agree_in_training_mode(name):
    spec = spec_of(name)
    labels = np.arange(4) % CLASSES
    _, keras_net, ours, theirs = cross_entropy_gradients(spec, images(SIZE, batch=4), labels)
    theirs = as_torchvision(theirs, keras_net, spec)
    largest = max(np.abs(g).max() for g in ours.values())
    for parameter, gradient in ours.items():
        # A bias before a norm has no gradient but noise: measured against the largest of all.
        scale = max(np.abs(gradient).max(), 1e-3 * largest)
        np.testing.assert_allclose(
            theirs[parameter], gradient, rtol=0, atol=1e-10 * scale, err_msg=parameter
        )


@pytest.mark.parametrize("name", NETS)
def test_running_means_agree_and_running_variances_differ_by_bessels_factor(name):
    """PyTorch stores the unbiased variance of a batch, Keras the biased one."""
    spec = spec_of(name)
    plan = resnet_spec.plan(spec)
    before = resnet_duet.random_weights(spec, 0, norms="random")
    x = images(SIZE, batch=4)
    torch_net, keras_net, _, _ = cross_entropy_gradients(spec, x, np.arange(4) % CLASSES)
    ours = resnet_torch.read(torch_net)
    theirs = resnet_duet.convert(resnet_tf.read(keras_net), spec, "keras", "torchvision")
    outputs = shapes(plan, SIZE)
    norms = [layer for layer in plan.layers() if isinstance(layer, Norm)]
    assert norms
    for layer in norms:
        mean, var = f"{layer.name}.running_mean", f"{layer.name}.running_var"
        assert_close(theirs[mean], ours[mean], mean)
        n = len(x) * np.prod(outputs[layer.name][1:])
        kept = layer.decay * before[var]
        assert_close((theirs[var] - kept) * n / (n - 1), ours[var] - kept, var)
        assert np.abs(theirs[var] - ours[var]).max() > 1e-10 * np.abs(ours[var]).max()


def test_sgd_with_a_momentum_that_binary_holds_stays_together():
    """0.875 is exact in binary; Keras rounds 0.9 to float32, and there the two part at 1e-9."""
    import keras
    import tensorflow as tf
    import torch

    spec = spec_of("cifar_resnet20")
    torch_net, keras_net = twins(spec)
    optimizer = torch.optim.SGD(torch_net.parameters(), 0.0625, momentum=0.875)
    keras_optimizer = keras.optimizers.SGD(0.0625, momentum=0.875)
    labels = np.arange(4) % CLASSES
    for step in range(3):
        x = images((16, 24), batch=4, seed=step)
        loss = torch.nn.functional.cross_entropy(
            torch_net.train()(torch.from_numpy(nchw(x))), torch.from_numpy(labels)
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with tf.GradientTape() as tape:
            value = keras.ops.mean(
                keras.losses.sparse_categorical_crossentropy(
                    labels, keras_net(x, training=True), from_logits=True
                )
            )
        variables = keras_net.trainable_variables
        keras_optimizer.apply(tape.gradient(value, [v.value for v in variables]), variables)
    ours = resnet_torch.read(torch_net)
    theirs = resnet_duet.convert(resnet_tf.read(keras_net), spec, "keras", "torchvision")
    for name in ours:
        if not name.endswith("running_var"):  # their difference is the test above
            assert_close(theirs[name], ours[name], name)
