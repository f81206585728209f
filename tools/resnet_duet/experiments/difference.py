"""What a difference between the frameworks is: words, code, the mistakes that come of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

import numpy as np


class World(Protocol):
    """An experiment that either framework can do."""

    def run(self, framework: str) -> np.ndarray:
        """Its numbers, in this framework."""
        ...

    def rounded(self) -> Self:
        """The same in float32."""
        ...


class Group(StrEnum):
    """Chapters."""

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
    """One way to get a difference wrong.

    Attributes:
        what: is done, as "norm_eps is 0.001, not 1e-05".
        world: the experiment with the mistake in it.
        mend: the line that mends it, where the mistake was made.
    """

    what: str
    world: World
    mend: str


@dataclass(frozen=True)
class Hidden:
    """A place in which the mistake does not show.

    Attributes:
        why: a sentence.
        world: the experiment; every mistake of the difference there changes nothing.
    """

    why: str
    world: Callable[[], World]


@dataclass(frozen=True)
class Exercise:
    """Something to do for whoever knows one of the frameworks, in five to fifteen minutes.

    Attributes:
        task: a paragraph in light Markdown.
        solution: a program of its own: it ends by printing the answer, and asserts it on the way.
    """

    task: str
    solution: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One way in which the frameworks differ, or the code that people write in them.

    Attributes:
        name: the word for it.
        group: its chapter.
        title: what differs, in a line.
        about: what it is, why, and what comes of it, in a paragraph without a measured number.
        torch: the code in PyTorch.
        keras: the code in Keras that does the same.
        wrong: the code that people write instead.
        wrong_in: the framework of that code.
        mistakes: every way to get it wrong in an experiment; none where it does not apply.
        shown: an experiment in which the mistakes show.
        hidden: experiments in which they do not.
        check: how to test for it, and which usual test passes all the same; no measured number.
        exercise: the same for the reader's own hands.
    """

    name: str
    group: Group
    title: str
    about: str
    torch: str
    keras: str
    wrong: str
    wrong_in: str
    mistakes: Callable[[World], Iterator[Mistake]]
    shown: Callable[[], World]
    hidden: tuple[Hidden, ...]
    check: str
    exercise: Exercise
