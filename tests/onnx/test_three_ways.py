"""PyTorch, Keras and the ONNX graph agree in float64, in every layer.

ONNX' reference implementation runs the graph, so three independent implementations agree.
"""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet import onnx as onnx_builder
from resnet_duet.onnx.reference import tracer
from resnet_duet.testing.specs import image_sizes, specs
from resnet_duet.weights.convert import to_nhwc
from resnet_spec import Ordering, Padding, ShortcutKind, ShortcutStride, StemPool
from support.networks import (
    EVEN,
    ODD,
    RARE,
    assert_agree,
    assert_close,
    every_row,
    images,
    matching_networks,
    nchw,
    short,
    thin,
    traces,
)


def assert_three_agree(spec, sizes=(EVEN, ODD), input_layout="NCHW"):
    """torch, Keras and ONNX agree in every layer, block and stage, at every size."""
    torch_net, keras_net = matching_networks(spec)
    model = onnx_builder.build(torch_net.spec, resnet_torch.read(torch_net), input_layout)
    trace_graph = tracer(model)
    for size in sizes:
        x = images(size, torch_net.spec.in_channels)
        torch_trace, keras_trace = traces(torch_net, keras_net, x)
        found = trace_graph(x)
        assert found.keys() == torch_trace.keys()
        assert_agree(torch_trace, keras_trace)
        assert_agree(torch_trace, {name: found[name] for name in torch_trace})


def assert_the_graph_agrees(spec, sizes=(EVEN, ODD)):
    """PyTorch and ONNX agree. tests/cross compares PyTorch and Keras."""
    net = resnet_torch.build(spec, dtype="float64")
    resnet_torch.write(net, resnet_duet.random_weights(spec, 0, norms="random"))
    trace_graph = tracer(onnx_builder.build(spec, resnet_torch.read(net), "NHWC"))
    for size in sizes:
        x = images(size, spec.in_channels)
        expected = {n: to_nhwc(a, "NCHW") for n, a in resnet_torch.trace(net, nchw(x)).items()}
        found = trace_graph(x)
        assert_agree(expected, {name: found[name] for name in expected})


@pytest.mark.slow
@pytest.mark.parametrize("name", every_row())
def test_every_row_of_the_zoo_agrees(name):
    assert_three_agree(short(thin(resnet_spec.get(name))))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet18", "keras_resnet50v2", "cifar_resnet20"])
@pytest.mark.parametrize("num_classes", [7, None])
def test_a_graph_with_nhwc_input_agrees(name, num_classes):
    spec = replace(thin(resnet_spec.get(name)), num_classes=num_classes, in_channels=4)
    assert_three_agree(spec, input_layout="NHWC")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "preresnet18"])
def test_a_network_without_a_head_agrees(name):
    assert_three_agree(replace(thin(resnet_spec.get(name)), num_classes=None))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "resnet50_v1", "resnet18d", "keras_resnet50v2"])
def test_dilation_agrees(name):
    spec = replace(thin(resnet_spec.get(name)), depths=(1, 2, 1, 2), output_stride=8)
    assert_three_agree(spec)


@pytest.mark.slow
@pytest.mark.parametrize(("padding", "pool"), list(product(Padding, StemPool)))
@pytest.mark.parametrize("ordering", ["original", "full_preactivation"])
def test_every_padding_agrees(padding, pool, ordering):
    spec = resnet_spec.get("resnet18", padding=padding, ordering=ordering, stem={"pool": pool})
    spec = replace(thin(spec), depths=(2, 1), widths=(8, 12))
    assert_three_agree(spec, sizes=[EVEN, ODD, (7, 10), (1, 2)])


@pytest.mark.slow
@pytest.mark.parametrize("ordering", Ordering)
@pytest.mark.parametrize(("kind", "stride"), list(product(ShortcutKind, ShortcutStride)))
def test_every_ordering_and_shortcut_agrees(ordering, kind, stride):
    shortcut = resnet_spec.Shortcut(kind=kind, stride_by=stride)
    spec = replace(thin(resnet_spec.get("resnet50")), depths=(2, 1), widths=(8, 12))
    assert_the_graph_agrees(replace(spec, ordering=ordering, shortcut=shortcut))


@pytest.mark.slow
@pytest.mark.parametrize("name", RARE)
def test_choices_that_no_row_of_the_zoo_has_agree(name):
    assert_three_agree(RARE[name])


@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True)
@given(spec=specs())
def test_random_specs_agree(spec):
    assert_three_agree(spec, sizes=[(10, 14), (11, 13)])


@pytest.mark.slow
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(spec=specs(), size=image_sizes())
def test_many_random_specs_agree(spec, size):
    assert_the_graph_agrees(spec, sizes=[size])


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("resnet50", marks=pytest.mark.slow),
        pytest.param("resnext50_32x4d", marks=pytest.mark.long),
        pytest.param("resnet50d", marks=pytest.mark.long),
    ],
)
def test_the_best_known_networks_agree_at_full_width(name):
    assert_three_agree(name, sizes=[(64, 96), (65, 97)])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["preresnet1001", "cifar_resnet1202"])
def test_a_graph_of_a_thousand_layers_agrees_with_pytorch(name):
    weights = resnet_duet.random_weights(name, 0, norms="random")
    net = resnet_torch.build(name, dtype="float64")
    resnet_torch.write(net, weights)
    x = images((7, 10))
    found = tracer(onnx_builder.build(name, weights))(x)["fc"]
    assert_close(found, resnet_torch.run(net, nchw(x)), "fc")
