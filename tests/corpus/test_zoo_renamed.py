"""Every network of the zoo under random names: the spec is found, and every array is placed.

The networks are PyTorch modules, Keras models and ONNX graphs.
"""

from dataclasses import replace

import numpy as np
import pytest

import resnet_spec
from resnet_duet.graphs import keras_model, onnx, torch_module
from resnet_duet.identify.by_graph.identify_graph import identify_graph
from resnet_spec import ResNetSpec
from resnet_spec.choices import Padding
from resnet_spec.layers import Conv
from tests.support.corpus_steps import small, steps_of
from tests.support.networks import every_row

SOURCES = ("torch", "keras", "onnx")


def read(spec: ResNetSpec, source: str):
    """The graph of a network under random names, and its arrays."""
    steps = steps_of(spec)
    weights = {
        step.name: {a.role: np.zeros(a.shape, np.float32) for a in step.layer.arrays()}
        for step in steps
        if step.layer is not None
    }
    if source == "torch":
        from tests.support.corpus_torch import StepNetwork

        return torch_module.read(StepNetwork(steps, weights))
    if source == "keras":
        import keras

        from tests.support.corpus_keras import model_of

        return keras_model.read(model_of(keras, steps, weights, (None, None)))
    from tests.support.corpus_onnx import graph_of

    return onnx.read(graph_of(steps, weights))


def assert_found(spec: ResNetSpec, source: str) -> None:
    graph, arrays = read(spec, source)
    owners = {name.rpartition(".")[0].rpartition("/")[0] or name for name in arrays}
    assert not owners & {node.name for node in resnet_spec.plan(spec).walk()}
    found = identify_graph(graph, arrays).placement
    assert found.spec == spec
    assert len(found.names) == len(resnet_spec.array_specs(resnet_spec.plan(spec)))
    assert set(found.names.values()) == {name for name in arrays if "num_batches" not in name}


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", every_row())
def test_a_small_network_of_each_row(name, source):
    spec = small(resnet_spec.get(name))
    convs = [x for x in resnet_spec.plan(spec).layers() if isinstance(x, Conv)]
    if all(conv.stride == 1 or conv.kernel == 1 for conv in convs):
        spec = replace(spec, padding=Padding.SYMMETRIC)  # both rules pad alike
    assert_found(spec, source)


@pytest.mark.long
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", resnet_spec.names())
def test_each_row_as_it_is(name, source):
    assert_found(resnet_spec.get(name), source)
