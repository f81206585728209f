"""Python's own text: calls that break where a line would be too long, as its formatters do."""

from collections.abc import Iterator
from dataclasses import dataclass

WIDTH = 88  # of black and ruff
TAB = "    "


def decimal(number: float) -> str:
    """1.001e-5, as people write it."""
    return repr(number).replace("e-0", "e-")


@dataclass(frozen=True)
class Call:
    """`function(arguments)`; an argument is text, or a call itself."""

    function: str
    arguments: tuple["str | Call", ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


def statement(depth: int, before: str, code: str | Call, after: str = "") -> Iterator[str]:
    """`before code after` in one line, or in one line for each argument.

    Args:
        depth: how many tabs deep.
        before, after: what stands around the code, as "y = " and "(x)".
    """
    line = f"{TAB * depth}{before}{code}{after}"
    if isinstance(code, str) or len(line) <= WIDTH:
        yield line
        return
    yield f"{TAB * depth}{before}{code.function}("
    for argument in code.arguments:
        yield from statement(depth + 1, "", argument, ",")
    yield f"{TAB * depth}){after}"
