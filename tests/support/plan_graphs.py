"""Graphs of plans under random names, as a reader would deliver them, and edits of them."""

import random
from dataclasses import replace

import numpy as np

from resnet_duet.graphs.operations import (
    IMAGE,
    NO_PADS,
    AveragePooling,
    BatchNorm,
    Convolution,
    FullyConnected,
    GlobalAverage,
    Graph,
    Kind,
    MaxPooling,
    Operation,
    Pad,
    PadChannels,
    Pads,
    Rectifier,
    Same,
    Sum,
    Weight,
)
from resnet_duet.weights.arrays import Arrays
from resnet_spec import Plan, Role
from resnet_spec.choices import Padding, PoolPadding
from resnet_spec.layers import (
    AvgPool,
    Conv,
    Dense,
    GlobalAvgPool,
    Layer,
    MaxPool,
    Norm,
    Relu,
    ZeroPadChannels,
)

INFINITY = float("inf")


def graph_of(plan: Plan, seed: int) -> tuple[Graph, Arrays]:
    """A plan as a graph under random names, with its arrays, in PyTorch's layouts."""
    rng = random.Random(seed)
    names = {IMAGE: IMAGE}
    operations: list[Operation] = []
    arrays: dict[str, np.ndarray] = {}
    for node in plan.walk():
        name = f"{rng.choice('xyz')}{rng.randrange(10**9)}"
        inputs = [names[x] for x in node.inputs]
        rng.shuffle(inputs)
        weights = {}
        for array in node.layer.arrays() if node.layer else ():
            own = f"{name}.{rng.randrange(10**9)}"
            arrays[own] = np.zeros(array.shape, np.float32)
            weights[array.role] = Weight(own, array.axes, array.shape)
        if pad := padding(node.layer):
            operations.append(Operation(f"{name}.pad", pad, tuple(inputs)))
            inputs = [f"{name}.pad"]
        operations.append(Operation(name, kind_of(node.layer, weights), tuple(inputs)))
        names[node.name] = name
    graph = Graph("test graph", tuple(operations), (operations[-1].name,))
    return graph, Arrays.of(arrays)


def padding(layer: Layer | None) -> Pad | None:
    """The padding that is an operation before a layer."""
    match layer:
        case MaxPool(padding=PoolPadding.ZERO):
            return Pad(Pads(1, 1, 1, 1), 0.0)
        case MaxPool(padding=PoolPadding.MINUS_INFINITY):
            return Pad(Pads(1, 1, 1, 1), -INFINITY)
        case Conv(kernel=7, stride=2, padding=Padding.SYMMETRIC):
            return Pad(Pads(3, 3, 3, 3), 0.0)
        case AvgPool(count_include_pad=True):
            return Pad(Pads(0, 1, 0, 1), 0.0)
    return None


def kind_of(layer: Layer | None, weights: dict[Role, Weight]) -> Kind:
    """A layer of a plan as the operation of a file."""
    match layer:
        case None:
            return Sum()
        case Conv():
            p = 0 if padding(layer) else layer.pad
            pads = Same() if layer.padding is Padding.SAME else Pads(p, p, p, p)
            return Convolution(
                weights[Role.KERNEL],
                weights.get(Role.BIAS),
                (layer.stride, layer.stride),
                (layer.dilation, layer.dilation),
                layer.groups,
                pads,
            )
        case Norm():
            return BatchNorm(weights, layer.eps, layer.decay)
        case Relu():
            return Rectifier()
        case MaxPool():
            pads = Same() if layer.padding is PoolPadding.SAME else NO_PADS
            return MaxPooling((layer.kernel,) * 2, (layer.stride,) * 2, pads)
        case AvgPool():
            same = NO_PADS if layer.count_include_pad else Same()
            return AveragePooling((2, 2), (layer.stride,) * 2, same, False, False)
        case ZeroPadChannels():
            return PadChannels(layer.before, layer.after)
        case GlobalAvgPool():
            return GlobalAverage()
        case Dense():
            return FullyConnected(weights[Role.KERNEL], weights[Role.BIAS])


def edited(graph: Graph, position: int, kind: Kind) -> Graph:
    """The graph with the kind of one operation replaced."""
    operations = list(graph.operations)
    operations[position] = replace(operations[position], kind=kind)
    return replace(graph, operations=tuple(operations))


def positions(graph: Graph, kind: type) -> list[int]:
    """The positions of all operations of a kind."""
    return [i for i, op in enumerate(graph.operations) if isinstance(op.kind, kind)]
