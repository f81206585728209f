"""float32 is judged by each framework's own distance from float64."""

import numpy as np
import pytest

import resnet_tf
import resnet_torch
from resnet_duet.weights.relative_error import relative_error
from support.networks import images, matching_networks, nchw

# Measured over these networks: a float32 run is 3.5e-7 to 1.2e-6 of the largest logit away from
# float64, and the distances of the two frameworks are within a factor of 2 of each other.
NOISE = 1e-5
YARDSTICK = 4


def logits(name, dtype, x):
    torch_net, keras_net = matching_networks(name, dtype=dtype)
    last = "fc"
    return resnet_torch.trace(torch_net, nchw(x))[last], resnet_tf.trace(keras_net, x)[last]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "resnet50", "cifar_resnet56"])
def test_float32_networks_are_equally_near_to_float64(name):
    """Neither errs more than four times as much as the other, and so they differ by little too."""
    x = images((64, 96))
    truth, _ = logits(name, "float64", x)
    ours, theirs = logits(name, "float32", x.astype(np.float32))
    own, other = relative_error(truth, ours), relative_error(truth, theirs)
    assert 0 < own <= YARDSTICK * other
    assert 0 < other <= YARDSTICK * own
    assert max(own, other) <= NOISE
    assert relative_error(ours, theirs) <= YARDSTICK * max(own, other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer_computes_in_the_precision_asked_for(dtype):
    torch_net, keras_net = matching_networks("cifar_resnet20", dtype=dtype)
    x = images((32, 48)).astype(dtype)
    for trace in (resnet_torch.trace(torch_net, nchw(x)), resnet_tf.trace(keras_net, x)):
        assert {array.dtype.name for array in trace.values()} == {dtype}
    assert {layer.compute_dtype for layer in keras_net.layers[1:]} == {dtype}
    assert keras_net.input.dtype == dtype
