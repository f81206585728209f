"""The graph of an ONNX file of this project computes what the file computes."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.graphs.onnx import read
from resnet_duet.onnx.reference import tracer
from tests.graphs.onnx_files import foreign
from tests.support.networks import FAMILIES, images, nchw, short, thin
from tests.support.run_graph import run_graph

SPECS = {name: short(thin(resnet_spec.get(name))) for name in FAMILIES}
SPECS["features"] = replace(SPECS["preresnet18"], num_classes=None)


def built(spec, input_layout="NCHW"):
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    return resnet_duet.onnx.build(spec, weights, input_layout)


def outputs(model, x: np.ndarray) -> np.ndarray:
    """The output (N, K) or (N, H, W, C) of a model's own reference run."""
    return list(tracer(model)(x).values())[-1]


CASES = [(name, "NCHW") for name in SPECS]
CASES += [("resnet18", "NHWC"), ("features", "NHWC"), ("cifar_resnet20", "NHWC")]


@pytest.mark.parametrize(("name", "input_layout"), CASES)
def test_a_graph_of_this_project_computes_what_its_file_does(name, input_layout):
    model = built(SPECS[name], input_layout)
    graph, arrays = read(model)
    assert foreign(graph) == []
    assert set(arrays) == {tensor.name for tensor in model.graph.initializer}
    for size in ((18, 26), (21, 15)):
        x = images(size)
        actual = run_graph(graph, arrays, nchw(x))
        expected = outputs(model, x)
        if actual.ndim == 4:
            actual = actual.transpose(0, 2, 3, 1)
        np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-12)
