"""The layers of all blocks side by side, as the code of one block needs them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from resnet_duet.codegen.signature import BlockSignature
from resnet_spec.layers import AvgPool, Conv, Layer, Layers
from resnet_spec.structure import Block, Plan

MIXED = "mixed"


@dataclass(frozen=True)
class LayerColumn:
    """One layer of the block's code.

    Attributes:
        name: without that of the block, as "conv1".
        layers: the layer of each block; None in a block without it.
    """

    name: str
    layers: tuple[Layer | None, ...]

    @property
    def sample(self) -> Layer:
        """The first of the layers. The others differ only in numbers."""
        return next(layer for layer in self.layers if layer is not None)

    def values(self, attribute: str) -> tuple[Any, ...]:
        """An attribute of each block's layer; None in a block without it."""
        return tuple(None if x is None else getattr(x, attribute) for x in self.layers)


def single_layers(layers: Layers) -> list[LayerColumn]:
    """Columns of layers outside of blocks."""
    return [LayerColumn(layer.name, (layer,)) for layer in layers]


def columns(blocks: Sequence[Block], chains: Sequence[Layers | None]) -> list[LayerColumn]:
    """Columns of one chain of every block.

    Args:
        blocks: of the network.
        chains: of each block, with the same layer kinds; None for a block without the chain.
    """
    pairs = zip(blocks, chains, strict=True)
    names = _names(*next((block, chain) for block, chain in pairs if chain is not None))
    rows = [chain if chain is not None else (None,) * len(names) for chain in chains]
    return [
        LayerColumn(name, layers)
        for name, layers in zip(names, zip(*rows, strict=True), strict=True)
    ]


@dataclass(frozen=True)
class ShortcutForm:
    """One form of the shortcut. Blocks with the same form share its code.

    Attributes:
        keyword: "if", "elif" or "else"; "" if every block has this form.
        condition: the code of the condition.
        columns: its layers.
        reads_pre: for each block, whether it reads the output of `pre`; None in other blocks.
    """

    keyword: str
    condition: str
    columns: list[LayerColumn]
    reads_pre: tuple[bool | None, ...]


def shortcut_forms(blocks: Sequence[Block], signature: BlockSignature) -> Iterator[ShortcutForm]:
    """Every form of the shortcut that has layers, the most frequent first."""
    forms = [_form(block) for block in blocks]
    undecided = [True] * len(blocks)
    for number, (form, _) in enumerate(Counter(filter(None, forms)).most_common()):
        here = [other == form for other in forms]
        pairs = list(zip(blocks, here, strict=True))
        found = columns(blocks, [block.shortcut if h else None for block, h in pairs])
        reads = tuple(block.shortcut_reads_pre if h else None for block, h in pairs)
        if here == undecided:
            yield ShortcutForm("else" if number else "", "", found, reads)
            return
        wanted = [h if u else None for h, u in zip(here, undecided, strict=True)]
        flag = "project" if any(isinstance(column.sample, Conv) for column in found) else "resize"
        condition = signature.condition(wanted, f"{flag}{number or ''}")
        yield ShortcutForm("elif" if number else "if", condition, found, reads)
        undecided = [u and not h for u, h in zip(undecided, here, strict=True)]


def shortcut_input(forms: Iterable[ShortcutForm]) -> str:
    """The input of shortcuts with layers: "x", "h" for the output of `pre`, or MIXED."""
    found = {reads for form in forms for reads in form.reads_pre if reads is not None}
    return MIXED if len(found) == 2 else "h" if True in found else "x"


def stage_calls(
    plan: Plan, signature: BlockSignature
) -> Iterator[tuple[str, list[tuple[range, list[str]]]]]:
    """(name of a stage, [(indices of consecutive blocks, their equal arguments)])."""
    first = 0
    for stage in plan.stages:
        arguments = [signature.arguments(first + i) for i in range(len(stage.blocks))]
        runs = []
        start = 0
        for equal, members in groupby(arguments):
            end = start + len(list(members))
            runs.append((range(start, end), equal))
            start = end
        yield stage.name, runs
        first += len(stage.blocks)


def _form(block: Block) -> tuple[object, ...]:
    """Equal for two shortcuts that the same code can compute."""
    layers = block.shortcut or ()
    pads = [layer.count_include_pad for layer in layers if isinstance(layer, AvgPool)]
    return (*zip(_names(block, layers), map(type, layers), strict=True), *pads)


def _names(block: Block, layers: Layers) -> list[str]:
    return [layer.name.removeprefix(f"{block.name}.") for layer in layers]
