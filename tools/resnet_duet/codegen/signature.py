"""All blocks of a plan as calls of one function: its parameters, and each call's arguments.

A number that is the same in all blocks is written in the function's code. A number that differs is
an expression of the function's parameters.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from resnet_duet.codegen.text import decimal
from resnet_spec.layers import Conv
from resnet_spec.structure import Block


@dataclass(frozen=True)
class BlockNumbers:
    """The numbers of a block that may be parameters.

    Attributes:
        inputs: channels of the block's input.
        width: channels between its convolutions.
        outputs: channels of its output.
        stride: of the convolution that strides.
        first_dilation: of the first kernel larger than 1x1.
        dilation: of the last kernel larger than 1x1.
    """

    inputs: int
    width: int
    outputs: int
    stride: int
    first_dilation: int
    dilation: int

    @classmethod
    def of(cls, block: Block) -> "BlockNumbers":
        """The numbers of one block."""
        convs = [layer for layer in block.branch if isinstance(layer, Conv)]
        wide = [conv for conv in convs if conv.kernel > 1]
        return cls(
            convs[0].in_channels,
            convs[0].out_channels,
            convs[-1].out_channels,
            max(conv.stride for conv in convs),
            wide[0].dilation,
            wide[-1].dilation,
        )


# {expression, with a parameter in braces: its value in a block}, the preferred ones first
Expressions = Mapping[str, Callable[[BlockNumbers], object]]

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
DEFAULT_IS_1 = ("stride", "first_dilation", "dilation")


class BlockSignature:
    """Finds expressions for the numbers in a block's code, and collects their parameters."""

    def __init__(self, blocks: Iterable[Block], inputs: str, default_eps: float):
        """
        Args:
            blocks: of the network, in execution order; () for code outside of blocks.
            inputs: the code for the channels of the block's input; "inputs" for a parameter.
            default_eps: the epsilon of a norm whose code has none.
        """
        self.default_eps = default_eps
        self.numbers = [BlockNumbers.of(block) for block in blocks]
        self.symbols = {f.name: f.name for f in fields(BlockNumbers)} | {"inputs": inputs}
        self.used: set[str] = set()
        self.flags: dict[str, tuple[bool, ...]] = {}

    def inputs(self, values: Sequence[int | None]) -> str:
        """An expression for a number of input channels: a value for each block, None for any."""
        return self._find({**INPUTS, **CHANNELS}, values)

    def channels(self, values: Sequence[int | None]) -> str:
        """An expression for a number of channels."""
        return self._find(CHANNELS, values)

    def stride(self, values: Sequence[int | None]) -> str:
        """An expression for a stride."""
        return self._find(STRIDES, values) if set(values) - {1, None} else "1"

    def dilation(self, values: Sequence[int | None]) -> str:
        """An expression for a dilation."""
        return self._find(DILATIONS, values)

    def eps(self, value: float) -> list[str]:
        """The argument for a norm's epsilon; none for the default."""
        return [] if value == self.default_eps else [f"eps={decimal(value)}"]

    def condition(self, values: Sequence[bool | None], flag: str) -> str:
        """An expression that is true in some blocks, or else a new parameter.

        Args:
            values: for each block; None where it does not matter.
            flag: name of the new parameter.
        """
        for expression, value in CONDITIONS.items():
            if self._agrees(value, values):
                return self._code(expression)
        self.flags[flag] = tuple(map(bool, values))
        return flag

    def name(self, leaf: str) -> str:
        """The code for a layer's name, which starts with the block's `name`."""
        return f'f"{{name}}.{leaf}"' if self.numbers else f'"{leaf}"'

    @property
    def parameters(self) -> list[str]:
        """The parameters of the block's function: "width", "stride=1", "project=False"."""
        defaults = dict.fromkeys(DEFAULT_IS_1, "=1")
        numbers = [name + defaults.get(name, "") for name in self.symbols if name in self.used]
        return [*numbers, *(f"{flag}=False" for flag in self.flags)]

    def arguments(self, index: int) -> list[str]:
        """The arguments of the call for the block with this index."""
        values = vars(self.numbers[index])
        used = {name: values[name] for name in self.symbols if name in self.used}
        code = [str(value) for name, value in used.items() if name not in DEFAULT_IS_1]
        code += [f"{n}={value}" for n, value in used.items() if n in DEFAULT_IS_1 and value > 1]
        return code + [f"{flag}=True" for flag, values in self.flags.items() if values[index]]

    def _find(self, expressions: Expressions, values: Sequence[int | None]) -> str:
        """The number itself if all blocks have it, else an expression."""
        numbers = {value for value in values if value is not None}
        if len(set(values)) > 1:
            for expression, value in expressions.items():
                if self._agrees(value, values):
                    return self._code(expression)
        (number,) = numbers
        return str(number)

    def _agrees(self, value: Callable[[BlockNumbers], object], values: Sequence[object]) -> bool:
        pairs = zip(self.numbers, values, strict=True)
        return all(wanted is None or value(numbers) == wanted for numbers, wanted in pairs)

    def _code(self, expression: str) -> str:
        """The expression as code. Its parameters are used from now on."""
        self.used |= {
            name
            for name, symbol in self.symbols.items()
            if f"{{{name}}}" in expression and symbol == name
        }
        return expression.format(**self.symbols)
