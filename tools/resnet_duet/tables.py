"""What the command prints for a person: rich tables that stay readable in a pipe."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resnet_spec.show import text

if TYPE_CHECKING:
    from resnet_duet.proof.compare import Comparison

T = TypeVar("T")

WIDE = 160  # columns, where there is no terminal to fit into

console = Console(
    highlight=False,
    markup=False,  # a path may have brackets in it
    emoji=False,
    soft_wrap=True,
    width=None if sys.stdout and sys.stdout.isatty() else WIDE,
)


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str | int]]) -> None:
    """A table: words to the left, numbers to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, cell in zip(headings, rows[0], strict=True):
        is_word = isinstance(cell, str)
        table.add_column(heading, justify="left" if is_word else "right", no_wrap=not is_word)
    for row in rows:
        table.add_row(*(Text(text(cell)) for cell in row))
    console.print(table)


def print_comparison(result: "Comparison") -> None:
    """One row a stage, and where the two part."""
    a, b = result.titles
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("part", "last layer", "shape", f"worst rel. error, {a} : {b}", "verdict"):
        table.add_column(heading, no_wrap=True)
    for part, last, worst in result.stages():
        verdict = Text("same", "green") if worst.same else Text("DIFFERENT", "bold red")
        shape = "x".join(map(str, last.shape))
        table.add_row(part, last.layer, shape, f"{worst.error:.1e} in {worst.layer}", verdict)
    console.print(table)
    if (first := result.first_difference) is None:
        allowed = max(row.allowed for row in result.rows)
        console.print(
            f"The same function: {len(result.rows)} outputs agree within {allowed:.2g}"
            f" in {result.precision}."
        )
    else:
        console.print(f"Not the same function: they part in {first.layer} ({first.error:.1e}).")


@contextmanager
def spinner(message: str) -> Iterator[None]:
    """A moving sign on a terminal while something takes its time."""
    with Console(stderr=True, markup=False).status(message):
        yield


def progress(items: Sequence[T], message: str) -> Iterable[T]:
    """The items one by one; on a terminal a bar shows how far it is."""
    from rich.progress import track

    if not sys.stderr.isatty():
        return items
    return track(items, message, console=Console(stderr=True, markup=False), transient=True)
