"""Compares a graph with a plan, from the image on, and finds the place of every array."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from resnet_duet.errors import FileError
from resnet_duet.graphs.normal_form import NormalGraph, normal_layer
from resnet_duet.graphs.operations import IMAGE, AnyWeight, Foreign, Sum
from resnet_spec import ArraySpec, Plan
from resnet_spec.layers import Layer
from resnet_spec.structure import Node

Key = tuple[Layer | Sum | Foreign, tuple[int, ...]]


class KeyedGraph:
    """A graph whose nodes have numbers: two nodes that compute the same have the same number.

    What a node computes is its layer and the numbers of what it reads. The order of the two
    inputs of a sum does not matter. The arrays of a layer do not count: only their shapes.

    Attributes:
        graph: in normal form.
        numbers: {name of a node: its number}.
        first: {number: name of the first node that has it}.
    """

    def __init__(self, graph: NormalGraph):
        self.graph = graph
        self.table: dict[Key, int] = {}
        self.numbers = {IMAGE: 0}
        self.first: dict[int, str] = {0: IMAGE}
        new = count(1)
        for name, node in graph.nodes.items():
            key = _key(node.layer, [self.numbers[x] for x in node.inputs])
            if key not in self.table:
                self.table[key] = next(new)
                self.first[self.table[key]] = name
            self.numbers[name] = self.table[key]


def _key(layer: Layer | Sum | Foreign, inputs: list[int]) -> Key:
    return layer, tuple(sorted(inputs) if isinstance(layer, Sum) else inputs)


@dataclass(frozen=True)
class Comparison:
    """How far a plan agrees with a graph.

    Attributes:
        numbers: {name of a plan's node: number of the graph's nodes that compute the same}, up to
            the first node of the plan without any.
        match: whether all nodes have a number, and the last one is that of the graph's output.
    """

    numbers: Mapping[str, int]
    match: bool


def compare(graph: KeyedGraph, plan: Plan, output: str) -> Comparison:
    """Compare a plan with the operations of a graph that lead to `output`."""
    numbers = {IMAGE: 0}
    last = 0
    for node in plan.walk():
        key = _key(_layer(node), [numbers[name] for name in node.inputs])
        number = graph.table.get(key)
        if number is None:
            return Comparison(numbers, match=False)
        numbers[node.name] = last = number
    return Comparison(numbers, match=last == graph.numbers[output])


def _layer(node: Node) -> Layer | Sum:
    return Sum() if node.layer is None else normal_layer(node.layer)


def layer_names(graph: KeyedGraph, plan: Plan, output: str) -> dict[str, str]:
    """{name of a plan's node: name of the graph's node}, for a plan that matches the graph.

    Nodes that differ only in their arrays are distinguished by the nodes that read them.

    Raises:
        FileError: the graph has two nodes with arrays of their own for one node of the plan.
    """
    nodes = {node.name: node for node in plan.walk()}
    numbers = compare(graph, plan, output).numbers
    names: dict[str, str] = {}
    pairs = [(next(reversed(nodes), IMAGE), output)]
    while pairs:
        planned, found = pairs.pop()
        if planned == IMAGE:
            continue
        if planned in names:
            if not _is_same(graph.graph, names[planned], found):
                raise FileError(
                    f"{names[planned]} and {found} differ in their arrays, where this family has"
                    " one layer that is read twice"
                )
            continue
        names[planned] = found
        inputs = graph.graph.nodes[found].inputs
        wanted = nodes[planned].inputs
        if [graph.numbers[x] for x in inputs] != [numbers[x] for x in wanted]:
            inputs = inputs[::-1]  # of a sum
        pairs += zip(wanted, inputs, strict=True)
    return names


def _is_same(graph: NormalGraph, one: str, two: str) -> bool:
    """Whether two nodes of equal layers compute the same tensor: from the same arrays."""
    pairs = [(one, two)]
    while pairs:
        a, b = pairs.pop()
        if a == b:
            continue
        if IMAGE in (a, b) or graph.nodes[a].weights != graph.nodes[b].weights:
            return False
        pairs += zip(graph.nodes[a].inputs, graph.nodes[b].inputs, strict=True)
    return True


def placed(graph: KeyedGraph, plan: Plan, names: Mapping[str, str]) -> dict[ArraySpec, AnyWeight]:
    """The array of the file for each array of a plan.

    Args:
        graph: that matches the plan.
        plan: the network.
        names: see `layer_names`.
    """
    return dict(_placed(graph, plan, names))


def _placed(
    graph: KeyedGraph, plan: Plan, names: Mapping[str, str]
) -> Iterator[tuple[ArraySpec, AnyWeight]]:
    for layer in plan.layers():
        for array in layer.arrays():
            yield array, graph.graph.nodes[names[layer.name]].weights[array.role]
