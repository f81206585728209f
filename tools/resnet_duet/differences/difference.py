"""A difference between the frameworks: a page, code, the mistakes it leads to, an exercise.

Each difference is a folder of this package:

    page.md       title, explanation, and how to test for it
    code.py       `with_torch`, `with_keras` and `mistake`: the same arguments, NumPy in and out
    mistakes.py   the mistakes as scenarios, and `DIFFERENCE`
    exercise/     `task.md`, and `solution.py`, a program that asserts and prints the answer

`tests/differences` runs `code.py` of every folder and asserts what its page claims. A solution has
a folder of its own because Python puts the folder of a program first in its path, and a `code.py`
there would hide the module `code` of the standard library.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Protocol, Self

import numpy as np

HOW_TO_TEST = "## How to test for it"  # the heading in page.md
MISTAKE = "mistake"  # name of the function in code.py, and key in `Difference.code`


class Scenario(Protocol):
    """An experiment that every framework can run."""

    def run(self, framework: str) -> np.ndarray:
        """Return its output, computed in this framework."""
        ...

    def in_float32(self) -> Self:
        """Return the same scenario in float32."""
        ...


class Category(StrEnum):
    """The subject of a difference. The registry lists the categories in this order."""

    LAYOUT = "layout"
    PADDING = "padding"
    POOLING = "pooling"
    NORMALISATION = "normalisation"
    ARCHITECTURE = "architecture"
    NUMERICS = "numerics"
    TRAINING = "training"
    PREPROCESSING = "preprocessing"


@dataclass(frozen=True)
class Mistake:
    """One mistake that a difference leads to.

    Attributes:
        description: what is wrong, as "norm_eps is 0.001, not 1e-05".
        scenario: the experiment with the mistake in it.
        fix: the line that fixes it, in the framework where the mistake is made.
    """

    description: str
    scenario: Scenario
    fix: str


@dataclass(frozen=True)
class Unnoticed:
    """An experiment in which the mistakes of a difference change nothing.

    Attributes:
        reason: why they do not show, a clause.
        scenario: makes the experiment.
    """

    reason: str
    scenario: Callable[[], Scenario]


@dataclass(frozen=True)
class Exercise:
    """A task of five to fifteen minutes for readers who know one of the frameworks.

    Attributes:
        task: a paragraph in Markdown.
        solution: a program. It asserts its steps and prints the answer.
    """

    task: str
    solution: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Difference:
    """One way in which the frameworks, or their users' conventions, differ.

    Its texts and its code are read from its folder when they are needed.

    Attributes:
        folder: where its files are. The name of the folder is the name of the difference.
        category: its subject.
        mistake_in: name of the framework in which `mistake` of code.py is written.
        mistakes: yields every mistake that can be made in a scenario; none where it does not apply.
        visible: makes an experiment in which the mistakes show.
        unnoticed: experiments in which they do not show.
    """

    folder: Path
    category: Category
    mistake_in: str
    mistakes: Callable[[Scenario], Iterator[Mistake]]
    visible: Callable[[], Scenario]
    unnoticed: tuple[Unnoticed, ...]

    @property
    def name(self) -> str:
        """The identifier, as "norm_eps"."""
        return self.folder.name

    @property
    def title(self) -> str:
        """Both behaviours, in one line."""
        return self._page[0]

    @property
    def about(self) -> str:
        """What it is, why, and the effect of the mistake: paragraphs in Markdown."""
        return self._page[1]

    @property
    def how_to_test(self) -> str:
        """A test that finds the mistake, and common tests that do not: Markdown."""
        return self._page[2]

    @cached_property
    def code(self) -> dict[str, str]:
        """{name of a framework, or MISTAKE: source of its function in code.py}.

        The source begins with the constants of code.py that the function uses.
        """
        text = self._read("code.py")
        nodes = ast.parse(text).body
        constants = [node for node in nodes if isinstance(node, ast.Assign)]
        return {
            function.name.removeprefix("with_"): "\n\n".join(_source(text, function, constants))
            for function in nodes
            if isinstance(function, ast.FunctionDef)
            if function.name == MISTAKE or function.name.startswith("with_")
        }

    @cached_property
    def exercise(self) -> Exercise:
        """The task and its solution."""
        return Exercise(self._read("exercise/task.md").strip(), self._read("exercise/solution.py"))

    @cached_property
    def _page(self) -> tuple[str, str, str]:
        body, _, how_to_test = self._read("page.md").partition(HOW_TO_TEST)
        title, _, about = body.removeprefix("# ").partition("\n")
        return title.strip(), about.strip(), how_to_test.strip()

    def _read(self, file: str) -> str:
        return (self.folder / file).read_text(encoding="utf-8")


def _source(text: str, function: ast.FunctionDef, constants: list[ast.Assign]) -> Iterator[str]:
    """The constants that a function uses, and the function."""
    used = _names(function)
    for constant in constants:
        if any(_names(target) & used for target in constant.targets):
            yield ast.get_source_segment(text, constant) or ""
    yield ast.get_source_segment(text, function) or ""


def _names(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
