"""A network is identified by its graph, under any names."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.graphs.operations import (
    IMAGE,
    NO_PADS,
    AveragePooling,
    BatchNorm,
    Convolution,
    Flatten,
    Foreign,
    FullyConnected,
    GlobalAverage,
    Operation,
    Pad,
    Pads,
    Rectifier,
    Sum,
    Weight,
)
from resnet_duet.identify.by_graph.identify_graph import identify_graph
from resnet_duet.weights.arrays import Arrays
from resnet_spec.zoo import ZOO
from support.plan_graphs import edited, graph_of, positions


@pytest.mark.slow
@pytest.mark.parametrize("name", ZOO)
def test_every_zoo_row_is_found_under_random_names(name):
    plan = resnet_spec.plan(name)
    graph, arrays = graph_of(plan, seed=1)
    found = identify_graph(graph, arrays)
    assert found.placement.spec == plan.spec
    assert set(found.placement.names.values()) == set(arrays)


def choose(name, **choices):
    small = {"depths": (2, 1), "widths": (8, 16), "num_classes": 5, "stem.channels": (8,)}
    return resnet_spec.plan(name, **small, **choices)


ORIGINAL = choose("cifar_resnet20")
BOTTLENECK = choose("resnet50")
PREACTIVATION = choose("keras_resnet50v2")


@pytest.mark.parametrize(
    "plan", [ORIGINAL, BOTTLENECK, PREACTIVATION], ids=["basic", "bottleneck", "preactivation"]
)
@pytest.mark.parametrize(
    ("kind", "replacement"),
    [
        (Rectifier, Foreign("LeakyReLU(0.3)", instead="ReLU")),
        (Sum, Foreign("Maximum", instead="addition")),
    ],
)
def test_a_foreign_operation_is_refused_by_name(plan, kind, replacement):
    graph, arrays = graph_of(plan, seed=2)
    for position in positions(graph, kind):
        with pytest.raises(FileError, match=graph.operations[position].name) as error:
            identify_graph(edited(graph, position, replacement), arrays)
        assert replacement.text in str(error.value)


@pytest.mark.parametrize(
    "ending",
    [
        [Pad(Pads(1, 1, 1, 1), 0.0)],
        [AveragePooling((2, 2), (2, 2), NO_PADS, False, False), Flatten()],
    ],
    ids=["padding", "flattened pool"],
)
def test_what_follows_the_body_of_a_network_without_classifier_is_not_dropped(ending):
    graph, arrays = graph_of(resnet_spec.plan(ORIGINAL.spec, num_classes=None), seed=3)
    operations = list(graph.operations)
    for kind in ending:
        operations.append(Operation(type(kind).__name__, kind, (operations[-1].name,)))
    longer = replace(graph, operations=tuple(operations), outputs=(operations[-1].name,))
    try:
        assert identify_graph(longer, arrays).custom_head
    except FileError as error:
        assert "padding of the output" in str(error)


def test_a_custom_head_after_the_body_is_listed_and_not_placed():
    graph, arrays = graph_of(BOTTLENECK, seed=3)
    last = graph.operations[-1]
    extra = (
        Operation("hidden", Rectifier(), (last.name,)),
        Operation("logits", FullyConnected(Weight("w", "OI", (3, 5)), None), ("hidden",)),
    )
    longer = replace(graph, operations=(*graph.operations, *extra), outputs=("logits",))
    arrays = Arrays.of({**arrays, "w": np.zeros((3, 5), np.float32)})
    found = identify_graph(longer, arrays)
    assert found.placement.spec == replace(BOTTLENECK.spec, num_classes=None)
    assert [line.partition(":")[0] for line in found.custom_head][-2:] == ["hidden", "logits"]
    assert len(found.custom_head) == 4


def test_a_foreign_operation_in_the_head_is_a_custom_head():
    graph, arrays = graph_of(BOTTLENECK, seed=3)
    (pool,) = positions(graph, GlobalAverage)
    found = identify_graph(edited(graph, pool, Foreign("GlobalMaxPooling2D")), arrays)
    assert found.placement.spec.num_classes is None
    assert "GlobalMaxPooling2D" in found.custom_head[0]


@pytest.mark.parametrize(
    "choices",
    [
        {"stride_in_1x1": True},
        {"padding": "same"},
        {"stem.pool": "zero"},
        {"stem.pool": "same"},
        {"norm_eps": 1e-3},
        {"shortcut": {"stride_by": "avg_pool"}},
        {"shortcut": {"norm_eps": 1e-3}},
        {"shortcut": {"bias": "always"}},
        {"stem.bias": "always"},
        {"norm": "none", "bias": "always"},
        {"ordering": "relu_preactivation"},
        {"ordering": "relu_before_addition"},
        {"ordering": "norm_after_addition"},
        {"groups": 2, "groups_in_1x1": True},
        {"output_stride": 4},
        {"shortcut": {"kind": "none"}},
        {"shortcut": {"kind": "projection_always"}},
    ],
    ids=str,
)
def test_each_choice_is_read_from_the_graph(choices):
    plan = choose("resnet50", **choices)
    graph, arrays = graph_of(plan, seed=4)
    found = resnet_spec.plan(identify_graph(graph, arrays).placement.spec)
    assert (found.stem, found.stages, found.head) == (plan.stem, plan.stages, plan.head)


def test_a_projection_that_reads_another_tensor_is_another_network():
    specs = set()
    for reads in ("block_input", "preactivation", "preactivation_in_first"):
        plan = choose("keras_resnet50v2", shortcut={"reads": reads})
        graph, arrays = graph_of(plan, seed=5)
        spec = identify_graph(graph, arrays).placement.spec
        assert resnet_spec.plan(spec).stages == plan.stages
        specs.add(spec)
    assert len(specs) == 3


def test_a_stride_that_the_shortcut_does_not_have_is_refused():
    graph, arrays = graph_of(BOTTLENECK, seed=6)
    convs = positions(graph, Convolution)
    kind = graph.operations[convs[5]].kind
    with pytest.raises(FileError, match="leaves the family"):
        identify_graph(edited(graph, convs[5], replace(kind, strides=(2, 2))), arrays)


def test_one_epsilon_that_differs_is_refused():
    graph, arrays = graph_of(BOTTLENECK, seed=7)
    norms = positions(graph, BatchNorm)
    kind = graph.operations[norms[2]].kind
    with pytest.raises(FileError, match=graph.operations[norms[2]].name):
        identify_graph(edited(graph, norms[2], replace(kind, eps=1e-4)), arrays)


def test_a_graph_whose_array_has_another_shape_is_refused():
    graph, arrays = graph_of(BOTTLENECK, seed=8)
    first = next(iter(arrays))
    wrong = Arrays.of({**arrays, first: np.zeros((1, 2), np.float32)})
    with pytest.raises(FileError, match=first):
        identify_graph(graph, wrong)


@pytest.mark.parametrize("plan", [ORIGINAL, BOTTLENECK], ids=["basic", "bottleneck"])
def test_a_second_stem_with_arrays_of_its_own_is_refused_also_for_a_given_spec(plan):
    graph, arrays = graph_of(plan, seed=3)
    read = [name for op in graph.operations for name in op.inputs]
    fork = next(op.name for op in graph.operations if read.count(op.name) == 2)
    end = next(i for i, op in enumerate(graph.operations) if op.name == fork) + 1
    found = dict(arrays)
    stem = []
    for op in graph.operations[:end]:
        kind = op.kind
        if isinstance(kind, Convolution):
            own = replace(kind.kernel, name=f"{kind.kernel.name}.copy")
            found[own.name] = arrays[kind.kernel.name]
            kind = replace(kind, kernel=own)
        inputs = tuple(x if x == IMAGE else f"{x}.copy" for x in op.inputs)
        stem.append(Operation(f"{op.name}.copy", kind, inputs))
    last = max(i for i, op in enumerate(graph.operations) if fork in op.inputs)
    operations = list(graph.operations)
    inputs = tuple(f"{x}.copy" if x == fork else x for x in operations[last].inputs)
    operations[last] = replace(operations[last], inputs=inputs)
    operations[end:end] = stem
    with pytest.raises(FileError, match="differ in their arrays"):
        identify_graph(replace(graph, operations=tuple(operations)), Arrays.of(found), plan.spec)
