"""Every mistake that can be made in a network, and every two of them, with what comes out."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field, fields, replace

import numpy as np

from resnet_duet.differences import DIFFERENCES
from resnet_duet.experiments.difference import Mistake
from resnet_duet.experiments.use import Use

Key = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Suspect:
    """A mistake, or two one after the other.

    Attributes:
        mistakes: (name of the difference, the mistake), in the order in which they are made.
    """

    mistakes: tuple[tuple[str, Mistake], ...]

    @property
    def world(self) -> Use:
        """The network with the mistakes in it."""
        world = self.mistakes[-1][1].world
        assert isinstance(world, Use)
        return world

    @property
    def key(self) -> Key:
        """The mistakes in words, each different."""
        return tuple(word for name, mistake in self.mistakes for word in (name, mistake.what))


@dataclass(frozen=True)
class Lineup:
    """A network, images, and all suspects; an output is computed once and kept.

    Attributes:
        right: the network without a mistake.
        images: batches of one size each, (N, H, W, C) float64.
        engine: the framework that computes.
    """

    right: Use
    images: tuple[np.ndarray, ...]
    engine: str
    _outputs: dict[tuple[Key, int], np.ndarray] = field(default_factory=dict)

    def output(self, suspect: Suspect | None, batch: int) -> np.ndarray:
        """What the suspect, or for None the network itself, makes of a batch.

        Nothing, an empty array, if two mistakes together make a network that cannot run.
        """
        at = (suspect.key if suspect else (), batch)
        if at not in self._outputs:
            world = replace(suspect.world if suspect else self.right, images=self.images[batch])
            self._outputs[at] = (
                world.run(self.engine) if suspect is None else attempt(world, self.engine)
            )
        return self._outputs[at]

    def singles(self) -> list[Suspect]:
        """Every single mistake."""
        return [Suspect(((name, mistake),)) for name, mistake in mistakes_of(self.right)]

    def pairs(self, first: Suspect, done: Set[Key], hidden: Set[Key]) -> Iterator[Suspect]:
        """The mistake followed by each of another difference.

        Args:
            first: a single one.
            done: keys of singles that have been first already. If the two do not touch the same
                part of the network, order is nothing, and the pair is left out.
            hidden: keys of singles that are left out.
        """
        ((name, _),) = first.mistakes
        places = touched(self.right, first.world)
        for other, second in mistakes_of(first.world):
            key = (other, second.what)
            swapped = key in done and places.isdisjoint(touched(first.world, second))
            if other != name and key not in hidden and not swapped:
                yield Suspect((*first.mistakes, (other, second)))


def attempt(world: Use, engine: str) -> np.ndarray:
    """The output of a network that may be impossible: empty then."""
    try:
        with np.errstate(all="ignore"):  # a mistake may well divide by zero
            return world.run(engine)
    except Exception:  # of the framework, which finds that sizes do not fit
        return np.empty(0)


def mistakes_of(world: Use) -> Iterator[tuple[str, Mistake]]:
    """(name of the difference, mistake) for all that can be done wrong in this network."""
    for name, difference in DIFFERENCES.items():
        for mistake in difference.mistakes(world):
            yield name, mistake


def touched(before: Use, after: Use | Mistake) -> set[str]:
    """What of the network's use a mistake has changed. Two choices of a spec never touch."""
    world = after.world if isinstance(after, Mistake) else after
    return {
        part.name
        for part in fields(Use)
        if part.name != "spec" and getattr(before, part.name) is not getattr(world, part.name)
    }
