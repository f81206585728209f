"""Our networks with keras.applications' weights are keras.applications' networks."""

import keras
import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from support.networks import assert_close, images, traces

THEIRS = {
    "keras_resnet50": keras.applications.ResNet50,
    "keras_resnet101": keras.applications.ResNet101,
    "keras_resnet152": keras.applications.ResNet152,
    "keras_resnet50v2": keras.applications.ResNet50V2,
    "keras_resnet101v2": keras.applications.ResNet101V2,
    "keras_resnet152v2": keras.applications.ResNet152V2,
}
MARKS = {"keras_resnet50": pytest.mark.slow, "keras_resnet50v2": ()}
NAMES = [pytest.param(n, marks=MARKS.get(n, pytest.mark.long)) for n in THEIRS]


@pytest.fixture
def theirs(request, float64_policy):
    """Their network for images of any size, with random statistics and biases."""
    body = THEIRS[request.param](weights=None, include_top=False, pooling="avg")
    logits = keras.layers.Dense(10, name="predictions")(body.output)
    net = keras.Model(body.input, logits, name=request.param)
    assert {layer.compute_dtype for layer in net.layers} == {"float64"}
    rng = np.random.default_rng(0)
    for variable in net.variables:
        if variable.path.endswith(("gamma", "moving_variance")):
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))
        elif variable.path.endswith(("beta", "moving_mean", "bias")):
            variable.assign(0.1 * rng.standard_normal(variable.shape))
    return net


@pytest.mark.slow
@pytest.mark.parametrize("theirs", NAMES, indirect=True)
def test_with_their_weights_both_our_networks_are_theirs(theirs):
    """Their weights go through the dialect into both; one stage's end is looked at as well."""
    weights = {v.path: v.numpy() for v in theirs.variables}
    spec = resnet_spec.get(theirs.name, num_classes=10)
    stage = theirs.get_layer("conv4_block1_out").output
    outputs = keras.Model(theirs.input, {"layer3.0": stage, "fc": theirs.output})
    torch_net, keras_net = resnet_torch.build(spec, "float64"), resnet_tf.build(spec, "float64")
    resnet_torch.write(
        torch_net, resnet_duet.convert(weights, spec, "keras_applications", "torchvision")
    )
    resnet_tf.write(keras_net, resnet_duet.convert(weights, spec, "keras_applications", "keras"))
    for size in ((64, 96), (65, 97)):
        x = images(size)
        want = outputs(x, training=False)
        for trace in traces(torch_net, keras_net, x):
            for name, output in want.items():
                assert_close(trace[name], output.numpy(), name)
