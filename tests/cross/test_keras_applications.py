"""Our networks with keras.applications' weights are keras.applications' networks."""

import keras
import numpy as np
import pytest
import resnet_duet
import resnet_spec
from worlds import assert_close, images, nchw

import resnet_tf
import resnet_torch

THEIRS = {
    "keras_resnet50": keras.applications.ResNet50,
    "keras_resnet101": keras.applications.ResNet101,
    "keras_resnet152": keras.applications.ResNet152,
    "keras_resnet50v2": keras.applications.ResNet50V2,
    "keras_resnet101v2": keras.applications.ResNet101V2,
    "keras_resnet152v2": keras.applications.ResNet152V2,
}
QUICK = ("keras_resnet50", "keras_resnet50v2")
NAMES = [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in THEIRS]


@pytest.fixture
def float64_policy():
    """keras.applications takes no dtype, so the policy has to be global while it builds."""
    keras.config.set_dtype_policy("float64")
    keras.config.set_floatx("float64")
    yield
    keras.config.set_dtype_policy("float32")
    keras.config.set_floatx("float32")


@pytest.mark.parametrize("name", NAMES)
def test_with_their_weights_our_networks_are_theirs(name, float64_policy):
    """Their random weights and random statistics, through the dialect, into both of ours."""
    theirs = THEIRS[name](
        weights=None, classes=10, classifier_activation=None, input_shape=(64, 96, 3)
    )
    assert {layer.compute_dtype for layer in theirs.layers} == {"float64"}
    rng = np.random.default_rng(0)
    for variable in theirs.variables:
        if variable.path.endswith(("gamma", "moving_variance")):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif variable.path.endswith(("beta", "moving_mean", "bias")):
            variable.assign(0.1 * rng.standard_normal(variable.shape))
    weights = {v.path: v.numpy() for v in theirs.variables}
    spec = resnet_spec.get(name, num_classes=10)
    x = images((64, 96))
    want = theirs(x, training=False).numpy()

    torch_net = resnet_torch.build(spec, "float64")
    resnet_torch.write(
        torch_net, resnet_duet.convert(weights, spec, "keras_applications", "torchvision")
    )
    assert_close(resnet_torch.trace(torch_net, nchw(x))["fc"], want, "PyTorch")
    keras_net = resnet_tf.build(spec, "float64")
    resnet_tf.write(keras_net, resnet_duet.convert(weights, spec, "keras_applications", "keras"))
    assert_close(keras_net(x, training=False).numpy(), want, "Keras")
