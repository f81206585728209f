"""Finds the stem, the residual blocks and the head in a graph, without looking at names."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from resnet_duet.errors import FileError
from resnet_duet.graphs.normal_form import NormalGraph, NormalNode
from resnet_duet.graphs.operations import IMAGE, Foreign, Sum
from resnet_spec.choices import BlockKind, Op
from resnet_spec.layers import Conv, Dense, GlobalAvgPool, Layer, Norm, Relu

AnyLayer = Layer | Sum | Foreign
OPS: dict[type, Op] = {Norm: Op.NORM, Relu: Op.RELU}


@dataclass(frozen=True)
class FoundBlock:
    """A block in a graph.

    Attributes:
        gap: layers between the sum of the block before it (or the stem) and the tensor at which
            branch and shortcut part.
        branch: layers of the branch.
        shortcut: layers of the shortcut; None in a network without sums.
    """

    gap: tuple[AnyLayer, ...]
    branch: tuple[AnyLayer, ...]
    shortcut: tuple[AnyLayer, ...] | None

    @property
    def convs(self) -> list[Conv]:
        """The convolutions of the branch."""
        return [layer for layer in self.branch if isinstance(layer, Conv)]


@dataclass(frozen=True)
class Outline:
    """A graph, taken apart.

    Attributes:
        stem: layers from the image to the first block.
        blocks: in execution order.
        tail: layers between the last sum and the head.
        body: name of the node whose output is the last feature map.
        head: nodes after it.
    """

    stem: tuple[AnyLayer, ...]
    blocks: tuple[FoundBlock, ...]
    tail: tuple[AnyLayer, ...]
    body: str
    head: tuple[NormalNode, ...]


def outlines(graph: NormalGraph) -> Iterator[Outline]:
    """The ways to take a graph apart: one, but several for a network without sums.

    Raises:
        FileError: a sum of tensors that do not begin at the same one.
    """
    sums = [node for node in graph.nodes.values() if isinstance(node.layer, Sum)]
    if not sums:
        yield from _plain(graph)
        return
    readers = Counter(name for node in graph.nodes.values() for name in node.inputs)
    readers.update(graph.outputs)
    blocks: list[FoundBlock] = []
    stem: tuple[AnyLayer, ...] = ()
    gap: tuple[AnyLayer, ...] = ()
    last = ""
    for node in sums:
        paths = [_back(graph, readers, name) for name in node.inputs]
        forks = {fork for _, fork in paths}
        if len(forks) > 1:
            raise FileError(
                f"{node.name} adds two tensors that do not begin at the same layer:"
                f" {', '.join(sorted(forks))}"
            )
        (one, fork), (two, _) = paths
        branch, shortcut = (one, two) if _convs(one) >= _convs(two) else (two, one)
        if last:
            gap = _chain(graph, fork, last)
        else:
            stem = _chain(graph, fork, IMAGE)
        blocks.append(FoundBlock(gap, branch, shortcut))
        last = node.name
    tail, body, head = _end(graph, last)
    yield Outline(stem, tuple(blocks), tail, body, head)


def _back(graph: NormalGraph, readers: Counter[str], name: str) -> tuple[tuple[AnyLayer, ...], str]:
    """The layers that lead to a node, and the tensor at which they begin.

    They begin at a tensor with several readers, at a sum, or at the image.
    """
    layers: list[AnyLayer] = []
    while name != IMAGE and readers[name] == 1:
        node = graph.nodes[name]
        if len(node.inputs) != 1:
            break
        layers.append(node.layer)
        (name,) = node.inputs
    return tuple(reversed(layers)), name


def _convs(layers: Iterable[AnyLayer]) -> int:
    return sum(isinstance(layer, Conv) for layer in layers)


def _chain(graph: NormalGraph, end: str, start: str) -> tuple[AnyLayer, ...]:
    """The layers from `start` to `end`, if each reads the one before; else up to where it does."""
    layers: list[AnyLayer] = []
    name = end
    while name not in (start, IMAGE):
        node = graph.nodes[name]
        layers.append(node.layer)
        if len(node.inputs) != 1:
            break
        (name,) = node.inputs
    return tuple(reversed(layers))


def _end(graph: NormalGraph, last: str) -> tuple[tuple[AnyLayer, ...], str, tuple[NormalNode, ...]]:
    """The layers after the last sum or convolution, the last feature map, and the head."""
    nodes = list(graph.nodes.values())
    position = next(i for i, node in enumerate(nodes) if node.name == last)
    rest = nodes[position + 1 :]
    tail: list[AnyLayer] = []
    body = last
    for i, node in enumerate(rest):
        if type(node.layer) not in OPS or node.inputs != (body,):
            return tuple(tail), body, tuple(rest[i:])
        tail.append(node.layer)
        body = node.name
    return tuple(tail), body, ()


def _plain(graph: NormalGraph) -> Iterator[Outline]:
    """A network without sums: a chain, whose blocks are found by the sizes of kernels."""
    convs = [node for node in graph.nodes.values() if isinstance(node.layer, Conv)]
    if not convs:
        return
    tail, body, head = _end(graph, convs[-1].name)
    layers = [node.layer for node in graph.nodes.values()]
    kernels = [conv.layer.kernel for conv in convs if isinstance(conv.layer, Conv)]
    at = [i for i, layer in enumerate(layers) if isinstance(layer, Conv)]
    for length in (1, 3, 2):
        for kind in BlockKind:
            size = len(kind.kernels)
            count, rest = divmod(len(convs) - length, size)
            if rest or count < 1 or tuple(kernels[length:]) != kind.kernels * count:
                continue
            starts = [at[length + size * i] for i in range(count)]
            ends = [*starts[1:], at[-1] + 1 + len(tail)]
            blocks = tuple(
                FoundBlock((), tuple(layers[start:end]), None)
                for start, end in zip(starts, ends, strict=True)
            )
            yield Outline(tuple(layers[: starts[0]]), blocks, tail, body, head)


def is_head(nodes: tuple[NormalNode, ...]) -> bool:
    """Whether the nodes after the last feature map may be a head: no convolution is in them."""
    return not any(isinstance(node.layer, Conv | Sum) for node in nodes)


def is_classifier(head: tuple[NormalNode, ...]) -> bool:
    """Whether a head is a global pool and one dense layer."""
    kinds = [type(node.layer) for node in head]
    return kinds == [GlobalAvgPool, Dense] and head[1].inputs == (head[0].name,)


def is_pool(head: tuple[NormalNode, ...]) -> bool:
    """Whether a head is a global pool alone: a network without a classifier."""
    return [type(node.layer) for node in head] == [GlobalAvgPool]
