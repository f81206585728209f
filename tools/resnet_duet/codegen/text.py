"""Python source code as text, with calls broken into lines as formatters do."""

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_spec import ResNetError
from resnet_spec.layers import LayerKind

WIDTH = 88  # the default of black and ruff
TAB = "    "


def decimal(number: float) -> str:
    """A float as people write it: 1.001e-5."""
    return repr(number).replace("e-0", "e-")


def unsupported(layer: LayerKind) -> ResNetError:
    """The error for a layer kind without a source form."""
    kind = type(layer).__name__
    return ResNetError(
        f"no source code for the layer kind {kind} ({layer.name}): use `build` for this network"
    )


@dataclass(frozen=True)
class Call:
    """`function(arguments)`; an argument is text or another call."""

    function: str
    arguments: tuple["str | Call", ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True)
class Statement:
    """`before code after`.

    Attributes:
        depth: indentation, in tabs.
        before: text before the code, as "y = ".
        code: the code.
        after: text after the code, as "(x)".
    """

    depth: int
    before: str
    code: str | Call
    after: str = ""

    def lines(self) -> Iterator[str]:
        """One line, or one for each argument of a call that is too long."""
        line = f"{TAB * self.depth}{self.before}{self.code}{self.after}"
        if isinstance(self.code, str) or len(line) <= WIDTH:
            yield line
            return
        yield f"{TAB * self.depth}{self.before}{self.code.function}("
        for argument in self.code.arguments:
            yield from Statement(self.depth + 1, "", argument, ",").lines()
        yield f"{TAB * self.depth}){self.after}"
