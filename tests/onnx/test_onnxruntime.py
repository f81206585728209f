"""onnxruntime computes our graphs in float32 as precisely as the frameworks, except for one pool.

As in tests/cross/test_float32.py, the error is the distance from the float64 result.
"""

import numpy as np
import onnx
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet import onnx as onnx_builder
from resnet_duet.onnx.reference import tracer
from resnet_duet.weights.relative_error import relative_error
from support.networks import EVEN, FAMILIES, ODD, images, matching_networks, nchw, thin

ort = pytest.importorskip("onnxruntime")

# Measured over these networks, thin and at full width: the error of onnxruntime is 0.3 to 1.9 times
# the larger error of the two frameworks, which is 1e-7 to 1.6e-6 of the largest logit.
FACTOR = 4


ALL, NONE = ort.GraphOptimizationLevel.ORT_ENABLE_ALL, ort.GraphOptimizationLevel.ORT_DISABLE_ALL


def run(model, x, level=ALL):
    """The output of a graph for images in its layout and precision."""
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    content = model.SerializeToString()
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": x})[0]


def assert_as_precise_as_the_frameworks(spec, size):
    x = images(size)
    single = x.astype(np.float32)
    exact = resnet_torch.run(matching_networks(spec)[0], nchw(x))
    torch_net, keras_net = matching_networks(spec, dtype="float32")
    errors = [
        relative_error(exact, resnet_torch.run(torch_net, nchw(single))),
        relative_error(exact, resnet_tf.run(keras_net, single)),
    ]
    weights = resnet_torch.read(torch_net)
    for input_layout, image in (("NCHW", nchw(single)), ("NHWC", single)):
        found = run(onnx_builder.build(torch_net.spec, weights, input_layout), image)
        assert relative_error(exact, found) <= FACTOR * max(errors)


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_as_precise_as_in_the_frameworks(name):
    assert_as_precise_as_the_frameworks(thin(resnet_spec.get(name)), EVEN)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.slow if n == "resnet50" else pytest.mark.long)
        for n in FAMILIES
    ],
)
def test_every_family_at_full_width_is_as_precise_as_in_the_frameworks(name):
    assert_as_precise_as_the_frameworks(resnet_spec.get(name), (64, 96))


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("padding", resnet_spec.Padding)
@pytest.mark.parametrize("pool", resnet_spec.StemPool)
@pytest.mark.parametrize("size", [EVEN, ODD, (7, 10)])
def test_every_padding_with_negative_pixels_in_the_pool_is_as_precise(padding, pool, size):
    choices = {"padding": padding, "stem": {"pool": pool}}
    assert_as_precise_as_the_frameworks(thin(resnet_spec.get("preresnet18", **choices)), size)


def test_a_graph_in_half_precision_runs():
    weights = resnet_duet.random_weights("cifar_resnet20", 0, norms="random")
    x = nchw(images(EVEN))
    half = onnx_builder.build(
        "cifar_resnet20", {n: a.astype(np.float16) for n, a in weights.items()}
    )
    found = run(half, x.astype(np.float16))
    assert found.dtype == np.float16
    expected = run(onnx_builder.build("cifar_resnet20", single(weights)), x.astype(np.float32))
    assert relative_error(expected, found.astype(np.float32)) < 0.02  # measured: 0.002


def single(weights):
    return {name: array.astype(np.float32) for name, array in weights.items()}


def without_auto_pad(model):
    """The same function, but its MaxPool after a Pad does not state that it has no padding."""
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    pool = next(node for node in plain.graph.node if node.name == "maxpool")
    assert pool.input[0] == "maxpool.pad"
    (auto_pad,) = (a for a in pool.attribute if a.name == "auto_pad")
    assert auto_pad.s == b"VALID"
    pool.attribute.remove(auto_pad)
    return plain


def test_onnxruntime_pads_with_minus_infinity_for_zero_unless_the_pool_states_no_padding():
    """The reason for VALID in onnx/layers.py. If this fails, onnxruntime has been fixed."""
    spec = thin(resnet_spec.get("keras_resnet50v2"))
    weights = single(resnet_duet.random_weights(spec, 0, norms="random"))
    built = onnx_builder.build(spec, weights)
    changed = without_auto_pad(built)
    x = images(EVEN)
    exact = tracer(built)(x)["fc"]
    np.testing.assert_array_equal(tracer(changed)(x)["fc"], exact)

    def error(model, level):
        return relative_error(exact, run(model, nchw(x).astype(np.float32), level))

    assert error(built, ALL) < 1e-5
    assert error(built, NONE) < 1e-5
    assert error(changed, NONE) < 1e-5
    assert error(changed, ALL) > 1e-3
