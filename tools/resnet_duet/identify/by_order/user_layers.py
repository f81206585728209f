"""Opens a whole model whose blocks are layers of the user's own class.

The file has the arrays of such layers, and not their code. The arrays decide the network, and
conventions decide what they do not show. The graph around the blocks must be that network's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import resnet_spec
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.graphs.normal_form import NormalGraph, NormalNode, normal_layer
from resnet_duet.graphs.normalize import normalize
from resnet_duet.graphs.operations import Graph, Sum, UserLayer, Weight
from resnet_duet.identify.by_graph.match import KeyedGraph, compare, layer_names
from resnet_duet.identify.by_order.open import open_by_order, open_placed
from resnet_duet.identify.evidence import Origin
from resnet_duet.identify.head import Head, HeadChoice
from resnet_duet.identify.identify import Identity
from resnet_duet.identify.placement import Placement
from resnet_spec import Plan, ResNetSpec, Role
from resnet_spec.structure import Block

READ = ("stem",)  # choices that the graph around the blocks shows


def has_user_layers(graph: Graph) -> bool:
    """Whether some operations are layers of the user's own class."""
    return any(isinstance(operation.kind, UserLayer) for operation in graph.operations)


def open_with_user_layers(
    checkpoint: Checkpoint, graph: Graph, spec: ResNetSpec | str | None, head: Head
) -> tuple[Checkpoint, Identity] | None:
    """The checkpoint under canonical names, and its identity.

    Args:
        checkpoint: the file.
        graph: of the file.
        spec, head: see `open_by_order`.

    Returns:
        None if the graph is not that of a network with these arrays, in which each layer of the
        user's is a block.

    Raises:
        FileError: several assignments fit, or the names contradict those that do.
        SpecError: an unknown name of a network.
    """
    bare = replace(checkpoint, graph=None)
    found = open_by_order(bare, spec, HeadChoice.KEEP)
    if found is None:
        return None
    _, identity, placement = found
    plan = resnet_spec.plan(identity.spec)
    normal = normalize(graph)
    whole = _with_blocks(normal, plan)
    if whole is None or not _is_network(whole, plan, placement):
        return None
    opened, identity, _ = open_placed(bare, placement, spec, head)
    evidence = identity.evidence.with_notes(*_notes(normal))
    if evidence.general is not Origin.USER:
        evidence = evidence.with_given(READ, Origin.GRAPH)
    return opened, replace(identity, evidence=evidence)


def _notes(graph: NormalGraph) -> Iterator[str]:
    (name,) = _classes(graph)
    yield f"the layers {name} are assumed to be blocks: the file does not have their code"
    for line in graph.dropped:
        yield f"dropped {line}"


def _classes(graph: NormalGraph) -> set[str]:
    """The user's own classes, with their settings."""
    kinds = (node.layer for node in graph.nodes.values())
    return {kind.text for kind in kinds if isinstance(kind, UserLayer)}


def _with_blocks(graph: NormalGraph, plan: Plan) -> NormalGraph | None:
    """The graph with a block of the plan for each layer of the user's.

    None if they differ in number, or are of several classes: one of them may be no block.
    """
    blocks = list(plan.blocks())
    layers = [name for name, node in graph.nodes.items() if isinstance(node.layer, UserLayer)]
    if len(layers) != len(blocks) or len(_classes(graph)) > 1:
        return None
    nodes: dict[str, NormalNode] = {}
    outputs: dict[str, str] = {}  # {layer of the user's: the last node of its block}
    for name, node in graph.nodes.items():
        inputs = tuple(outputs.get(own, own) for own in node.inputs)
        if isinstance(node.layer, UserLayer):
            if len(inputs) != 1:
                return None
            own = _nodes(plan, blocks[len(outputs)], inputs[0])
            nodes |= own
            outputs[name] = list(own)[-1]
        else:
            nodes[name] = replace(node, inputs=inputs)
    ends = tuple(outputs.get(name, name) for name in graph.outputs)
    return replace(graph, nodes=nodes, outputs=ends)


def _nodes(plan: Plan, block: Block, source: str) -> dict[str, NormalNode]:
    """The nodes of a block that reads another node."""
    mine = [node for node in plan.walk() if node.block is not None and node.block == block]
    inner = {node.name for node in mine}
    found = {}
    for node in mine:
        layer = Sum() if node.layer is None else normal_layer(node.layer)
        inputs = tuple(_inner(name) if name in inner else source for name in node.inputs)
        found[_inner(node.name)] = NormalNode(node.name, layer, inputs, {}, None)
    return found


def _inner(name: str) -> str:
    """The name of a node that the file does not have; no name in a file begins like this."""
    return f"\0{name}"


def _is_network(graph: NormalGraph, plan: Plan, placement: Placement) -> bool:
    """Whether the graph is the plan's, and its layers read the arrays of the placement."""
    if len(graph.outputs) != 1:
        return False
    keyed, (output,) = KeyedGraph(graph), graph.outputs
    if not compare(keyed, plan, output).match:
        return False
    assigned = _assigned(placement)
    return all(
        isinstance(weight, Weight) and assigned.get((name, role)) == weight.name
        for name, own in layer_names(keyed, plan, output).items()
        for role, weight in graph.nodes[own].weights.items()
        if isinstance(weight, Weight)
    )


def _assigned(placement: Placement) -> Mapping[tuple[str, Role], str]:
    """{(canonical name of a layer, role): name of the array in the file}."""
    return {
        (array.layer.name, array.role): weight.name
        for array, weight in placement.weights.items()
        if isinstance(weight, Weight)
    }
