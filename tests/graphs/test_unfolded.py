"""A pre-activation network whose norms an exporter folded where it could is identified."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.graphs.operations import (
    BatchNorm,
    Convolution,
    Graph,
    MaxPooling,
    Rectifier,
    Weight,
)
from resnet_duet.graphs.unfolded import identity
from resnet_duet.identify.by_graph.identify_graph import identify_graph
from resnet_duet.weights.arrays import Arrays
from resnet_spec import Role
from support.plan_graphs import edited, graph_of

SMALL = {"depths": (2, 1), "widths": (8, 16), "num_classes": 5, "stem.channels": (8,)}
PLAN = resnet_spec.plan("preresnet18", **SMALL)


def folded(graph: Graph, arrays: Arrays) -> tuple[Graph, Arrays]:
    """The graph with each norm in the convolution that it alone reads, as a bias."""
    by_name = {op.name: op for op in graph.operations}
    found = dict(arrays)
    for op in graph.operations:
        before = by_name.get(op.inputs[0])
        readers = [other for other in graph.operations if op.inputs[0] in other.inputs]
        if not isinstance(op.kind, BatchNorm) or len(readers) > 1:
            continue
        if before is None or not isinstance(before.kind, Convolution):
            continue
        channels = before.kind.kernel.size("O")
        name = f"{before.name}.folded"
        found[name] = np.zeros(channels, np.float32)
        bias = Weight(name, "O", (channels,))
        by_name[op.name] = replace(op, kind=replace(before.kind, bias=bias), inputs=before.inputs)
        del by_name[before.name]
    return replace(graph, operations=tuple(by_name.values())), Arrays.of(found)


def test_folded_norms_are_restored_as_norms_that_add_the_bias():
    graph, arrays = folded(*graph_of(PLAN, seed=1))
    found = identify_graph(graph, arrays)
    assert found.placement.spec == PLAN.spec
    weights = found.placement.by_name()
    assert "layer1.0.conv1.bias" not in weights
    assert weights["layer1.0.bn2.bias"].name.endswith(".folded")
    scale, variance = (weights[f"layer1.0.bn2.{word}"].value for word in ("weight", "running_var"))
    assert scale / np.sqrt(variance + PLAN.spec.norm_eps) == pytest.approx(1, abs=1e-11)
    assert weights["layer1.0.bn2.running_mean"].value == 0


def test_an_error_names_an_operation_of_the_file():
    graph, arrays = folded(*graph_of(PLAN, seed=1))
    position = next(i for i, op in enumerate(graph.operations) if isinstance(op.kind, Rectifier))
    pool = MaxPooling(
        (3, 3),
        (1, 1),
        next(op.kind.pads for op in graph.operations if isinstance(op.kind, Convolution)),
    )
    name = graph.operations[position].name
    with pytest.raises(FileError, match=name):
        identify_graph(edited(graph, position, pool), arrays)


@pytest.mark.parametrize("eps", [1e-5, 1.001e-5, 1e-3, 0.1, 1e-8])
def test_the_identity_is_exact_in_float32(eps):
    scale, variance = identity(eps)
    assert (np.float32(scale), np.float32(variance)) == (scale, variance)
    assert scale / np.sqrt(variance + eps) == pytest.approx(1, abs=1e-11)


def test_every_restored_norm_has_all_arrays():
    graph, arrays = folded(*graph_of(PLAN, seed=1))
    names = set(identify_graph(graph, arrays).placement.by_name())
    norms = [layer.name for layer in PLAN.layers() if Role.VAR in {a.role for a in layer.arrays()}]
    assert all(f"{name}.running_var" in names for name in norms)
