"""float32 is judged by each framework's own distance from float64."""

import numpy as np
import pytest
from resnet_duet.proof.compare import relative_error
from worlds import images, nchw, twins

import resnet_tf
import resnet_torch

# Two correct float32 runs may err on opposite sides, so they differ by up to the sum of their
# distances from the truth; twice that leaves room for the luck of the draw.
YARDSTICK = 4


def logits(name, dtype, x):
    torch_net, keras_net = twins(name, dtype=dtype)
    last = "fc"
    return resnet_torch.trace(torch_net, nchw(x))[last], resnet_tf.trace(keras_net, x)[last]


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "keras_resnet50v2", "cifar_resnet56"])
def test_float32_networks_differ_no_more_than_each_from_float64(name):
    x = images((64, 96))
    truth, _ = logits(name, "float64", x)
    ours, theirs = logits(name, "float32", x.astype(np.float32))
    own = max(relative_error(truth, ours), relative_error(truth, theirs))
    assert 0 < own < 1e-3
    assert relative_error(ours, theirs) <= YARDSTICK * own


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer_computes_in_the_precision_asked_for(dtype):
    torch_net, keras_net = twins("cifar_resnet20", dtype=dtype)
    x = images((32, 48)).astype(dtype)
    for trace in (resnet_torch.trace(torch_net, nchw(x)), resnet_tf.trace(keras_net, x)):
        assert {array.dtype.name for array in trace.values()} == {dtype}
    assert {layer.compute_dtype for layer in keras_net.layers[1:]} == {dtype}
    assert keras_net.input.dtype == dtype
