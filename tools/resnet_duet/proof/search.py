"""The search for the mistakes that turn one network's outputs into another's."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from resnet_duet.differences import DIFFERENCES
from resnet_duet.experiments.difference import Mistake
from resnet_duet.experiments.use import Use
from resnet_duet.proof.rows import relative_error

T = TypeVar("T")
Watch = Callable[[Sequence[T], str], Iterable[T]]

# Among explanations, those so many times as far off as the best one cannot be told from it.
ALIKE = 10
NOISE = 1e-12  # of two frameworks in float64, generously: below it no explanation beats another


@dataclass(frozen=True)
class Suspect:
    """A mistake, or two one after the other, and how far they leave us from the other network.

    Attributes:
        mistakes: (name of the difference, the mistake), in the order in which they are made.
        left: max|theirs - ours| / max|theirs|, with the mistakes made on our side.
    """

    mistakes: tuple[tuple[str, Mistake], ...]
    left: float

    @property
    def world(self) -> Use:
        """Our network with the mistakes in it."""
        world = self.mistakes[-1][1].world
        assert isinstance(world, Use)
        return world


@dataclass(frozen=True)
class Search:
    """A network whose insides are known, and the outputs that are to be explained.

    Attributes:
        right: our network, without images.
        probes: ((images, the other network's output), ...); the first are tried first.
        near: how small `left` must be for an explanation.
        engine: the framework that computes what mistakes do.
    """

    right: Use
    probes: tuple[tuple[np.ndarray, np.ndarray], ...]
    near: float
    engine: str

    def singles(self, watch: Watch) -> list[Suspect]:
        """Every single mistake that can be made in our network, the nearest first."""
        tried = [(n, m) for n, m in mistakes_of(self.right)]
        found = [self._suspect((step,)) for step in watch(tried, "one difference")]
        return sorted(found, key=lambda suspect: suspect.left)

    def pairs(self, singles: Sequence[Suspect], watch: Watch) -> Iterator[Suspect]:
        """Two mistakes of two differences: beginning with what alone comes nearest.

        Two mistakes that do not touch are tried in one order only.
        """
        done: list[Suspect] = []
        for first in watch(singles, "two differences"):
            (name, _), *_ = first.mistakes
            for other, second in mistakes_of(first.world):
                if other == name or any(self._swapped(first, other, second, old) for old in done):
                    continue
                yield self._suspect((*first.mistakes, (other, second)))
            done.append(first)

    def _swapped(self, first: Suspect, other: str, second: Mistake, old: Suspect) -> bool:
        """Whether the same two were tried in the other order, and order does not matter."""
        name, mistake = old.mistakes[0]
        if (name, mistake.what) != (other, second.what):
            return False
        return touched(self.right, first.world).isdisjoint(touched(self.right, old.world))

    def _suspect(self, steps: tuple[tuple[str, Mistake], ...]) -> Suspect:
        return Suspect(steps, self.left_by(steps[-1][1].world))

    def left_by(self, world: object) -> float:
        """How far this network is from the other; not much is computed where it is far."""
        assert isinstance(world, Use)
        worst = 0.0
        for images, theirs in self.probes:
            with np.errstate(all="ignore"):  # a mistake may well divide by zero
                ours = replace(world, images=images).run(self.engine)
            error = relative_error(theirs, ours)
            worst = max(worst, error if np.isfinite(error) else float("inf"))
            if worst > self.near:
                break
        return worst

    def explaining(self, suspects: Iterable[Suspect]) -> list[Suspect]:
        """Of these, the ones near enough, the nearest first; only those that are alike."""
        near = sorted((s for s in suspects if s.left <= self.near), key=lambda s: s.left)
        return [s for s in near if s.left <= max(ALIKE * near[0].left, NOISE)]


def mistakes_of(world: Use) -> Iterator[tuple[str, Mistake]]:
    """(name of the difference, mistake) for all that can be done wrong in this network."""
    for name, difference in DIFFERENCES.items():
        for mistake in difference.mistakes(world):
            yield name, mistake


def touched(before: Use, after: Use) -> set[str]:
    """What of the network's use a mistake has changed. Two choices of a spec never touch."""
    return {
        field.name
        for field in fields(Use)
        if field.name != "spec" and getattr(before, field.name) is not getattr(after, field.name)
    }
