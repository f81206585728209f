"""What the commands show on stderr while they work: a spinner or a bar, drawn by rich."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import TypeVar

import click

from resnet_duet.cli.quiet import quiet

T = TypeVar("T")


def is_watched() -> bool:
    """Whether stderr is a terminal."""
    return sys.stderr.isatty()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Run code of frameworks and users: stdout stays free for the result, logs stay hidden.

    What Python code prints goes to stderr. What C code logs there appears with --debug, or if
    the block fails for another reason than invalid input.
    """
    debug = click.get_current_context().find_root().params.get("debug", False)
    with nullcontext() if debug else quiet(), redirect_stdout(sys.stderr):
        yield


@contextmanager
def working(message: str) -> Iterator[None]:
    """`undisturbed`, with a spinner on a terminal."""
    with undisturbed():
        if not is_watched():
            yield
            return
        from rich.console import Console

        with Console(stderr=True, markup=False, emoji=False).status(message):
            yield


def bar(items: Sequence[T], message: str) -> Iterable[T]:
    """The items one by one, with a bar on a terminal."""
    if not is_watched():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, message, console=Console(stderr=True, markup=False), transient=True)


@contextmanager
def stage_bars() -> Iterator[tuple[Callable[[str], None], Callable[[int, int, float], None]]]:
    """Show the stages of a job on a terminal, one bar for each.

    Yields:
        A function to call with the title of a stage as it starts, and one to call after each
        training step with (steps done, steps in all, loss).
    """
    if not is_watched():
        yield (lambda _title: None), (lambda _done, _total, _loss: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    texts = TextColumn("{task.description}"), TextColumn("{task.fields[loss]}")
    columns = (SpinnerColumn(), texts[0], BarColumn(), texts[1], TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, markup=False)) as bars:

        def finish() -> None:
            for task in bars.task_ids[-1:]:
                bars.update(task, total=1, completed=1)

        def start(title: str) -> None:
            finish()
            bars.add_task(title, total=None, loss="")

        def step(done: int, total: int, loss: float) -> None:
            bars.update(bars.task_ids[-1], total=total, completed=done, loss=f"loss {loss:.3f}")

        yield start, step
        finish()
