"""onnxruntime computes our graphs in float32 as well as either framework does, and one it does not.

The yardstick is that of tests/cross/test_float32.py: the distance from the float64 result.
"""

import numpy as np
import onnx
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet import graph
from resnet_duet.proof.referee import tracer
from resnet_duet.proof.rows import relative_error
from worlds import EVEN, FAMILIES, ODD, images, nchw, thin, twins

ort = pytest.importorskip("onnxruntime")

# Measured over these networks, thin and of full width: onnxruntime is 0.3 to 1.9 times as far from
# float64 as the farther of the two frameworks, which is 1e-7 to 1.6e-6 of the largest logit.
YARDSTICK = 4


ALL, NONE = ort.GraphOptimizationLevel.ORT_ENABLE_ALL, ort.GraphOptimizationLevel.ORT_DISABLE_ALL


def run(model, x, level=ALL):
    """The output of a graph on images in its own layout and precision."""
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    content = model.SerializeToString()
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": x})[0]


def assert_as_near_to_float64_as_the_frameworks(spec, size):
    x = images(size)
    single = x.astype(np.float32)
    truth = resnet_torch.run(twins(spec)[0], nchw(x), training=False)
    torch_net, keras_net = twins(spec, dtype="float32")
    distances = [
        relative_error(truth, resnet_torch.run(torch_net, nchw(single), training=False)),
        relative_error(truth, resnet_tf.run(keras_net, single, training=False)),
    ]
    weights = resnet_torch.read(torch_net)
    for axes, given in (("NCHW", nchw(single)), ("NHWC", single)):
        found = run(graph.build(torch_net.spec, weights, axes), given)
        assert relative_error(truth, found) <= YARDSTICK * max(distances)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_as_near_to_float64_as_in_the_frameworks(name):
    assert_as_near_to_float64_as_the_frameworks(thin(resnet_spec.get(name)), EVEN)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow if n == "resnet50" else pytest.mark.long)
        for n in FAMILIES
    ],
)
def test_so_is_every_family_at_full_width(name):
    assert_as_near_to_float64_as_the_frameworks(resnet_spec.get(name), (64, 96))


@pytest.mark.slow
@pytest.mark.parametrize("padding", resnet_spec.Padding)
@pytest.mark.parametrize("pool", resnet_spec.StemPool)
@pytest.mark.parametrize("size", [EVEN, ODD, (7, 10)])
def test_so_is_every_padding_of_a_network_whose_pool_sees_negative_pixels(padding, pool, size):
    choices = {"padding": padding, "stem": {"pool": pool}}
    assert_as_near_to_float64_as_the_frameworks(
        thin(resnet_spec.get("preresnet18", **choices)), size
    )


def test_a_graph_in_half_precision_runs():
    weights = resnet_duet.random_weights("cifar_resnet20", 0, norms="random")
    x = nchw(images(EVEN))
    half = graph.build("cifar_resnet20", {n: a.astype(np.float16) for n, a in weights.items()})
    found = run(half, x.astype(np.float16))
    assert found.dtype == np.float16
    truth = run(graph.build("cifar_resnet20", single(weights)), x.astype(np.float32))
    assert relative_error(truth, found.astype(np.float32)) < 0.02  # measured: 0.002


def single(weights):
    return {name: array.astype(np.float32) for name, array in weights.items()}


def plainly_padded(model):
    """The same function with a Pad and a MaxPool that does not say that it has no padding."""
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    pool = next(node for node in plain.graph.node if node.name == "maxpool")
    assert pool.input[0] == "maxpool.pad"
    (told,) = (a for a in pool.attribute if a.name == "auto_pad")
    assert told.s == b"VALID"
    pool.attribute.remove(told)
    return plain


def test_onnxruntime_makes_minus_infinity_of_a_zero_border_unless_the_pool_is_told():
    """Why max_pool in graph/layers.py says VALID. If this fails, onnxruntime has been mended."""
    spec = thin(resnet_spec.get("keras_resnet50v2"))
    weights = single(resnet_duet.random_weights(spec, 0, norms="random"))
    ours = graph.build(spec, weights)
    plain = plainly_padded(ours)
    x = images(EVEN)
    truth = tracer(ours)(x)["fc"]
    np.testing.assert_array_equal(tracer(plain)(x)["fc"], truth)

    def error(model, level):
        return relative_error(truth, run(model, nchw(x).astype(np.float32), level))

    assert error(ours, ALL) < 1e-5
    assert error(ours, NONE) < 1e-5
    assert error(plain, NONE) < 1e-5
    assert error(plain, ALL) > 1e-3
