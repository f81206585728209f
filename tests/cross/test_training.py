"""Training begins alike: gradients agree. How it goes on: tests/differences."""

import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
from support.networks import assert_close, images, matching_networks, nchw, thin

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

    torch_net, keras_net = matching_networks(spec)
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
    return keras_net, ours, theirs


def as_torchvision(arrays, keras_net, spec):
    """Keras' gradients under PyTorch's names: filled up with the statistics, then converted."""
    full = resnet_tf.read(keras_net) | arrays
    return resnet_duet.convert(full, spec, "keras", "torchvision")


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_gradients_agree_in_training_mode(name):
    spec = spec_of(name)
    labels = np.arange(4) % CLASSES
    keras_net, ours, theirs = cross_entropy_gradients(spec, images(SIZE, batch=4), labels)
    theirs = as_torchvision(theirs, keras_net, spec)
    largest = max(np.abs(g).max() for g in ours.values())
    for parameter, gradient in ours.items():
        # A bias before a norm has no gradient but noise: measured against the largest of all.
        scale = max(np.abs(gradient).max(), 1e-3 * largest)
        np.testing.assert_allclose(
            theirs[parameter], gradient, rtol=0, atol=1e-10 * scale, err_msg=parameter
        )
