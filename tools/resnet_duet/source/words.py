"""All blocks of a plan as calls of one function.

What is the same in all of them is a number in its code; what changes is a parameter.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any

from resnet_spec.layers import AvgPool, Block, Conv, Layer, Layers, Plan


@dataclass(frozen=True)
class Numbers:
    """What a block is called with.

    Attributes:
        inputs, width, outputs: channels of its input, between its convolutions, of its output.
        stride: of the convolution that strides.
        first_dilation, dilation: of the first and of the last kernel that is larger than 1x1.
    """

    inputs: int
    width: int
    outputs: int
    stride: int
    first_dilation: int
    dilation: int


def numbers(block: Block) -> Numbers:
    """The numbers of one block."""
    convs = [layer for layer in block.branch if isinstance(layer, Conv)]
    wide = [conv for conv in convs if conv.kernel > 1]
    return Numbers(
        convs[0].in_channels,
        convs[0].out_channels,
        convs[-1].out_channels,
        max(conv.stride for conv in convs),
        wide[0].dilation,
        wide[-1].dilation,
    )


@dataclass(frozen=True)
class Column:
    """One layer of the block's code: as each block has it, or None where a block has none."""

    name: str
    layers: tuple[Layer | None, ...]

    @property
    def sample(self) -> Layer:
        """Any of them: they differ in numbers only."""
        return next(layer for layer in self.layers if layer is not None)

    def values(self, attribute: str) -> tuple[Any, ...]:
        """One number of the layer in each block."""
        return tuple(None if x is None else getattr(x, attribute) for x in self.layers)


Expressions = Mapping[str, Callable[[Numbers], object]]

INPUTS: Expressions = {"{inputs}": lambda n: n.inputs}
CHANNELS: Expressions = {
    "{outputs}": lambda n: n.outputs,
    "{width}": lambda n: n.width,
    **INPUTS,
    "{outputs} - {inputs}": lambda n: n.outputs - n.inputs,
    "({outputs} - {inputs}) // 2": lambda n: (n.outputs - n.inputs) // 2,
    "({outputs} - {inputs} + 1) // 2": lambda n: (n.outputs - n.inputs + 1) // 2,
}
STRIDES: Expressions = {"{stride}": lambda n: n.stride}
DILATIONS: Expressions = {
    "{dilation}": lambda n: n.dilation,
    "{first_dilation}": lambda n: n.first_dilation,
}
CONDITIONS: Expressions = {
    "{stride} > 1": lambda n: n.stride > 1,
    "{inputs} != {outputs}": lambda n: n.inputs != n.outputs,
    "{stride} > 1 or {inputs} != {outputs}": lambda n: n.stride > 1 or n.inputs != n.outputs,
}
MIXED = "mixed"
DEFAULTS = ("stride", "first_dilation", "dilation")  # are 1 where nothing else is said


class Words:
    """Finds words for what a block's code needs, and remembers which parameters they take."""

    def __init__(self, blocks: Iterable[Block], inputs: str):
        """
        Args:
            blocks: of the network, in order; () where every layer stands alone.
            inputs: how the channels of the block's input are spelled.
        """
        self.numbers = [numbers(block) for block in blocks]
        self.spelling = {f.name: f.name for f in fields(Numbers)} | {"inputs": inputs}
        self.used: dict[str, None] = {}
        self.flags: dict[str, tuple[bool, ...]] = {}

    def inputs(self, values: Sequence[int | None]) -> str:
        return self._find({**INPUTS, **CHANNELS}, values)

    def channels(self, values: Sequence[int | None]) -> str:
        return self._find(CHANNELS, values)

    def stride(self, values: Sequence[int | None]) -> str:
        return self._find(STRIDES, values) if set(values) - {1, None} else "1"

    def dilation(self, values: Sequence[int | None]) -> str:
        return self._find(DILATIONS, values)

    def condition(self, values: Sequence[bool | None], flag: str) -> str:
        """What is true in the blocks where this is; a new parameter, if no numbers tell it.

        Args:
            values: for each block; None where it does not matter.
            flag: the new parameter's name.
        """
        for template, value in CONDITIONS.items():
            if self._agrees(value, values):
                return self._spell(template)
        self.flags[flag] = tuple(map(bool, values))
        return flag

    def name(self, leaf: str) -> str:
        """How the name of a layer is written where the block's own is called `name`."""
        return f'f"{{name}}.{leaf}"' if self.numbers else f'"{leaf}"'

    @property
    def parameters(self) -> list[str]:
        """What the block's function is defined with: "width", "stride=1", "project=False"."""
        named = [name for name in self.spelling if name in self.used]
        return [f"{name}=1" if name in DEFAULTS else name for name in named] + [
            f"{flag}=False" for flag in self.flags
        ]

    def arguments(self, index: int) -> list[str]:
        """What it is called with for this block."""
        named = [(n, getattr(self.numbers[index], n)) for n in self.spelling if n in self.used]
        words = [f"{value}" for name, value in named if name not in DEFAULTS]
        words += [f"{name}={value}" for name, value in named if name in DEFAULTS and value > 1]
        return words + [f"{flag}=True" for flag, values in self.flags.items() if values[index]]

    def _find(self, expressions: Expressions, values: Sequence[int | None]) -> str:
        """A number that all blocks share, or else an expression; at last a number some share."""
        found = (text for text, value in expressions.items() if self._agrees(value, values))
        if len(set(values)) > 1 and (text := next(found, "")):
            return self._spell(text)
        (number,) = {value for value in values if value is not None}
        return str(number)

    def _agrees(self, value: Callable[[Numbers], object], values: Sequence[object]) -> bool:
        pairs = zip(self.numbers, values, strict=True)
        return all(wanted is None or value(n) == wanted for n, wanted in pairs)

    def _spell(self, template: str) -> str:
        for name, spelling in self.spelling.items():
            if f"{{{name}}}" in template and spelling == name:
                self.used[name] = None
        return template.format(**self.spelling)


def alone(layers: Layers) -> list[Column]:
    """Layers outside of blocks."""
    return [Column(layer.name, (layer,)) for layer in layers]


def columns(blocks: Sequence[Block], parts: Sequence[Layers | None]) -> list[Column]:
    """One part of every block, None where a block has none. All others have the same kinds."""
    names = _names(*next((b, p) for b, p in zip(blocks, parts, strict=True) if p is not None))
    rows = [part if part is not None else (None,) * len(names) for part in parts]
    return [Column(n, layers) for n, layers in zip(names, zip(*rows, strict=True), strict=True)]


@dataclass(frozen=True)
class Variant:
    """One form of the shortcut.

    Attributes:
        keyword: "if", "elif" or "else"; "" where every block has it.
        condition: when it is taken.
        columns: its layers.
        reads_pre: for each block whether it reads what `pre` makes; None where it is not taken.
    """

    keyword: str
    condition: str
    columns: list[Column]
    reads_pre: tuple[bool | None, ...]


def variants(blocks: Sequence[Block], words: Words) -> Iterator[Variant]:
    """Every form of shortcut with layers in it, the most frequent first."""
    forms = [_form(block) for block in blocks]
    undecided: list[bool] = [True] * len(blocks)
    for number, (form, _) in enumerate(Counter(filter(None, forms)).most_common()):
        here = [f == form for f in forms]
        parts = [b.shortcut if h else None for b, h in zip(blocks, here, strict=True)]
        found = columns(blocks, parts)
        reads = tuple(
            b.shortcut_reads_pre if h else None for b, h in zip(blocks, here, strict=True)
        )
        if here == undecided:
            yield Variant("else" if number else "", "", found, reads)
            return
        asked = [h if u else None for h, u in zip(here, undecided, strict=True)]
        flag = "project" if any(isinstance(c.sample, Conv) for c in found) else "resize"
        condition = words.condition(asked, f"{flag}{number or ''}")
        yield Variant("elif" if number else "if", condition, found, reads)
        undecided = [u and not h for u, h in zip(undecided, here, strict=True)]


def reading(variants: Iterable[Variant]) -> str:
    """What shortcuts with layers in them read: "x", "h" (what `pre` makes of it), or MIXED."""
    found = {reads for v in variants for reads in v.reads_pre if reads is not None}
    return MIXED if len(found) == 2 else "h" if True in found else "x"


def stages(plan: Plan, words: Words) -> Iterator[tuple[str, list[list[str]]]]:
    """(name, arguments of every block's call) of each stage."""
    index = 0
    for stage in plan.stages:
        end = index + len(stage.blocks)
        yield stage.name, [words.arguments(i) for i in range(index, end)]
        index = end


def _form(block: Block) -> tuple[object, ...]:
    """What two shortcuts have in common if one line of code serves both."""
    layers = block.shortcut or ()
    zeros = [layer.zeros_count for layer in layers if isinstance(layer, AvgPool)]
    return (*zip(_names(block, layers), map(type, layers), strict=True), *zeros)


def _names(block: Block, layers: Layers) -> list[str]:
    return [layer.name.removeprefix(f"{block.name}.") for layer in layers]


def runs(calls: Sequence[list[str]]) -> Iterator[tuple[int, int, list[str]]]:
    """(first, end, arguments) of equal calls that follow each other."""
    first = 0
    for arguments, equal in groupby(calls):
        end = first + len(list(equal))
        yield first, end, arguments
        first = end
