"""The structure of a plan: blocks, stages, the whole network, and one walk over its graph."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from resnet_spec.layers import ArraySpec, Layer, Layers
from resnet_spec.spec import ResNetSpec

IMAGE = "image"  # the input of a network
STEM, HEAD = "stem", "head"


@dataclass(frozen=True, slots=True)
class Block:
    """h = pre(x);  y = branch(h) + shortcut(h or x);  output = post(y).

    Attributes:
        name: torchvision's module path, as "layer1.0".
        pre: layers before the branch.
        branch: layers of the branch.
        post: layers after the sum.
        shortcut: its layers: () for the identity, None for a plain network without shortcuts.
        shortcut_reads_pre: whether the shortcut reads h instead of x.
    """

    name: str
    pre: Layers
    branch: Layers
    shortcut: Layers | None
    shortcut_reads_pre: bool
    post: Layers

    @property
    def addition(self) -> str:
        """Name of the sum, for frameworks that name it."""
        return f"{self.name}.add"

    def layers(self) -> Iterator[Layer]:
        """Every layer of the block. The shortcut comes between the branch and `post`."""
        yield from (*self.pre, *self.branch, *(self.shortcut or ()), *self.post)

    @property
    def output(self) -> str:
        """Name of the layer or of the sum whose output is the block's."""
        if self.post:
            return self.post[-1].name
        return self.branch[-1].name if self.shortcut is None else self.addition


@dataclass(frozen=True, slots=True)
class Stage:
    """Consecutive blocks of the same width.

    Attributes:
        name: torchvision's module path, as "layer1".
        blocks: in execution order.
    """

    name: str
    blocks: tuple[Block, ...]


class Chain(StrEnum):
    """The chain of layers that a node belongs to. The layers of a chain run one after the other."""

    STEM = "stem"
    PRE = "pre"
    BRANCH = "branch"
    SHORTCUT = "shortcut"
    ADDITION = "addition"
    POST = "post"
    HEAD = "head"


@dataclass(frozen=True, slots=True)
class Node:
    """One layer or sum of a plan, with its inputs.

    Attributes:
        name: of the layer or of the sum.
        layer: None for a sum.
        inputs: names of the nodes that it reads; IMAGE for the network's input.
        chain: the chain that it belongs to.
        stage: name of the stage, STEM or HEAD.
        block: None outside of stages.
    """

    name: str
    layer: Layer | None
    inputs: tuple[str, ...]
    chain: Chain
    stage: str
    block: Block | None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A whole network: every layer with all its settings.

    `resnet_spec.plan` returns the same object for equal specs, so plans are compared by identity.

    Attributes:
        spec: the choices that the plan was made from.
        stem: the layers before the first stage.
        stages: in execution order.
        head: the layers after the last stage.
    """

    spec: ResNetSpec
    stem: Layers
    stages: tuple[Stage, ...]
    head: Layers

    def walk(self) -> tuple[Node, ...]:
        """Every layer and sum with its inputs, in execution order: branch, shortcut, sum."""
        return _walk(self)

    def blocks(self) -> Iterator[Block]:
        """Every block, stage by stage."""
        for stage in self.stages:
            yield from stage.blocks

    def layers(self) -> Iterator[Layer]:
        """Every layer in execution order."""
        return (node.layer for node in self.walk() if node.layer is not None)

    def outputs(self) -> dict[str, str]:
        """{name of a block or stage: name of the layer or sum whose output it is}."""
        blocks = {block.name: block.output for block in self.blocks()}
        return blocks | {stage.name: stage.blocks[-1].output for stage in self.stages}

    def execution_order(self) -> list[str]:
        """Names of all layers, of each block after its layers, of each stage after its blocks."""
        ends: dict[str, list[str]] = {}
        for name, output in self.outputs().items():
            ends.setdefault(output, []).append(name)
        names: list[str] = []
        for node in self.walk():
            names += [] if node.layer is None else [node.name]
            names += ends.get(node.name, [])
        return names


@lru_cache(maxsize=256)
def _walk(plan: Plan) -> tuple[Node, ...]:
    return tuple(_nodes(plan))


def _nodes(plan: Plan) -> Iterator[Node]:
    x = yield from _chain(plan.stem, IMAGE, Chain.STEM, STEM, None)
    for stage in plan.stages:
        for block in stage.blocks:
            h = yield from _chain(block.pre, x, Chain.PRE, stage.name, block)
            y = yield from _chain(block.branch, h, Chain.BRANCH, stage.name, block)
            if block.shortcut is not None:
                read = h if block.shortcut_reads_pre else x
                s = yield from _chain(block.shortcut, read, Chain.SHORTCUT, stage.name, block)
                yield Node(block.addition, None, (y, s), Chain.ADDITION, stage.name, block)
                y = block.addition
            x = yield from _chain(block.post, y, Chain.POST, stage.name, block)
    yield from _chain(plan.head, x, Chain.HEAD, HEAD, None)


def _chain(
    layers: Layers, x: str, chain: Chain, stage: str, block: Block | None
) -> Generator[Node, None, str]:
    """The nodes of layers that run one after the other on x. Returns the name of the last one."""
    for layer in layers:
        yield Node(layer.name, layer, (x,), chain, stage, block)
        x = layer.name
    return x


@lru_cache(maxsize=256)
def array_specs(plan: Plan) -> tuple[ArraySpec, ...]:
    """Every array of a network, in execution order.

    All code that names, counts or converts weights reads this table.
    """
    return tuple(array for layer in plan.layers() for array in layer.arrays())
