"""Identifies a network by its graph. Names do not matter: arrays are placed by what reads them.

The graph is taken apart into blocks, which suggest a few specs. The plan of one of them has to be
equal to the graph, operation by operation, from the image to the output. If none is, the network
is refused with the first operation that differs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.graphs.normal_form import NormalGraph, NormalNode
from resnet_duet.graphs.normalize import normalize
from resnet_duet.graphs.operations import Foreign, Graph, Sum, Weight
from resnet_duet.graphs.unfolded import unfolded
from resnet_duet.identify.by_graph.blocks import Outline, is_classifier, is_head, is_pool, outlines
from resnet_duet.identify.by_graph.choices import candidates
from resnet_duet.identify.by_graph.match import Comparison, KeyedGraph, compare, layer_names, placed
from resnet_duet.identify.placement import PlacedBy, Placement
from resnet_duet.identify.rows import similar_rows
from resnet_duet.weights.arrays import Arrays
from resnet_spec import Plan, ResNetSpec
from resnet_spec.layers import Conv, Norm


@dataclass(frozen=True)
class GraphIdentity:
    """The network that a graph is.

    Attributes:
        placement: its spec, and the place of every array.
        layers: {canonical name of a layer or sum: name in the graph}.
        dropped: operations that change nothing in inference, for people.
        custom_head: operations after the last feature map that are no pool and dense layer. They
            are not in the placement.
        ends_in_pool: whether the graph has no classifier and returns pooled features.
        ends_in_softmax: whether a final softmax was removed.
        knows_decay: whether the graph states the decay of the running statistics.
    """

    placement: Placement
    layers: Mapping[str, str]
    dropped: tuple[str, ...]
    custom_head: tuple[str, ...]
    ends_in_pool: bool
    ends_in_softmax: bool
    knows_decay: bool


def identify_graph(
    graph: Graph, arrays: Arrays, spec: ResNetSpec | str | None = None
) -> GraphIdentity:
    """The network of a graph.

    Args:
        graph: of a file or of a live network.
        arrays: that the graph refers to.
        spec: the network, if it is known: a spec or a name of the zoo. None to infer it.

    Raises:
        FileError: the graph is no network of this family, or not this one. It names the first
            operation that differs, and what the family has in its place.
        SpecError: an unknown name of a network.
    """
    normal = normalize(graph)
    if len(normal.outputs) != 1:
        raise FileError(f"the {graph.source} has {len(normal.outputs)} outputs; it must have one")
    _check_weights(normal, arrays)
    try:
        return _matched(normal, spec)
    except FileError:
        restored = unfolded(normal)
        if restored is None:
            raise
        try:
            return _matched(restored, spec)
        except FileError:
            pass  # the first error names operations as the file has them
        raise


def _matched(normal: NormalGraph, spec: ResNetSpec | str | None) -> GraphIdentity:
    """The network of a graph in normal form. Arguments and errors: see `identify_graph`."""
    keyed = KeyedGraph(normal)
    nearest: tuple[Comparison, Plan] | None = None
    for outline in outlines(normal):
        if not is_head(outline.head):
            continue
        output = outline.head[-1].name if is_classifier(outline.head) else outline.body
        for candidate in _candidates(outline, spec):
            plan = resnet_spec.plan(candidate)
            comparison = compare(keyed, plan, output)
            if comparison.match:
                named = _named(keyed, candidate, output) if spec is None else candidate
                return _identity(keyed, outline, named, output)
            if nearest is None or len(comparison.numbers) > len(nearest[0].numbers):
                nearest = comparison, plan
    raise _refusal(keyed, nearest)


def _candidates(outline: Outline, spec: ResNetSpec | str | None) -> Iterator[ResNetSpec]:
    """The networks that the graph may be: those that it suggests, or the one that is given."""
    if isinstance(spec, ResNetSpec):
        yield spec
    elif isinstance(spec, str):
        for found in candidates(outline):
            yield resnet_spec.get(
                spec, in_channels=found.in_channels, num_classes=found.num_classes
            )
            return
    else:
        yield from candidates(outline)


def _check_weights(graph: NormalGraph, arrays: Arrays) -> None:
    """Raise FileError if the file does not have an array as the graph describes it."""
    for node in graph.nodes.values():
        for weight in node.weights.values():
            if isinstance(weight, Weight):
                entry = arrays.entries.get(weight.name)
                if entry is None:
                    raise FileError(
                        f"{node.name} reads {weight.name}, which the file does not have"
                    )
                if entry.shape != weight.shape:
                    raise FileError(
                        f"{weight.name} has shape {entry.shape}; the {graph.source} says"
                        f" {weight.shape}"
                    )


def _named(graph: KeyedGraph, spec: ResNetSpec, output: str) -> ResNetSpec:
    """The spec with the graph's decay; or the row of the zoo that is the same network."""
    decays = {node.decay for node in graph.graph.nodes.values() if isinstance(node.layer, Norm)} - {
        None
    }
    if len(decays) == 1:
        (decay,) = decays
        assert decay is not None
        spec = replace(spec, norm_decay=decay)
    for row in similar_rows(spec):
        known = not decays or row.norm_decay == spec.norm_decay
        if known and compare(graph, resnet_spec.plan(row), output).match:
            return row
    return spec


def _identity(graph: KeyedGraph, outline: Outline, spec: ResNetSpec, output: str) -> GraphIdentity:
    """The identity of a graph that is equal to the plan of a spec."""
    plan = resnet_spec.plan(spec)
    names = layer_names(graph, plan, output)
    head = outline.head
    custom = () if is_classifier(head) or is_pool(head) else head
    norms = [n for n in graph.graph.nodes.values() if isinstance(n.layer, Norm)]
    return GraphIdentity(
        Placement(spec, placed(graph, plan, names), PlacedBy.GRAPH),
        names,
        graph.graph.dropped,
        tuple(f"{node.name}: {_described(node)}" for node in custom),
        is_pool(head),
        graph.graph.ends_in_softmax,
        all(node.decay is not None for node in norms),
    )


def _refusal(graph: KeyedGraph, nearest: tuple[Comparison, Plan] | None) -> FileError:
    """The error for a graph that is no network of the family."""
    source = graph.graph.source
    foreign = next(_foreign(graph.graph), None)
    if foreign is not None:
        assert isinstance(foreign.layer, Foreign)
        instead = foreign.layer.instead
        family = f"; this family has {instead}" if instead else ", which this family does not have"
        return FileError(
            f"the {source} leaves the family: {foreign.name} is {foreign.layer.text}{family}"
        )
    if nearest is None:
        return FileError(
            f"the {source} has no residual blocks of two 3x3, or of 1x1, 3x3 and 1x1 convolutions"
        )
    comparison, plan = nearest
    known = set(comparison.numbers.values())
    for name, node in graph.graph.nodes.items():
        if graph.numbers[name] not in known:
            expected = _expected(graph, comparison, plan, node)
            return FileError(
                f"the {source} leaves the family: {name} is {_described(node)}{expected}"
            )
    return FileError(f"the {source} ends before the network does")


def _foreign(graph: NormalGraph) -> Iterator[NormalNode]:
    return (node for node in graph.nodes.values() if isinstance(node.layer, Foreign))


def _expected(graph: KeyedGraph, comparison: Comparison, plan: Plan, node: NormalNode) -> str:
    """What the nearest plan has in the place of a node, for people; "" if nothing."""
    read = sorted(graph.numbers[name] for name in node.inputs)
    for planned in plan.walk():
        if planned.name in comparison.numbers:
            continue
        if not all(name in comparison.numbers for name in planned.inputs):
            break
        if sorted(comparison.numbers[name] for name in planned.inputs) == read:
            what = "the addition" if planned.layer is None else planned.layer.describe()
            return f", where this family has {what}"
    return ""


def _described(node: NormalNode) -> str:
    """A node in a few words."""
    match node.layer:
        case Foreign(text):
            return text
        case Sum():
            return "the addition of two tensors"
        case Conv() as conv:
            return conv.describe()
        case layer:
            return layer.describe()
