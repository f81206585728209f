"""The search for the mistakes that turn one network's outputs into another's."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from resnet_duet.proof.rows import relative_error
from resnet_duet.proof.suspects import Key, Lineup, Suspect

Watch = Callable[[Sequence[Any], str], Iterable[Any]]

# Among explanations, those so many times as far off as the best one cannot be told from it.
ALIKE = 10
NOISE = 1e-12  # of two frameworks in float64, generously: below it no explanation beats another


@dataclass(frozen=True)
class Found:
    """What a search gives.

    Attributes:
        explanations: the suspects whose outputs are the other network's, the nearest first; those
            behind the first are alike.
        left: max|theirs - ours| / max|theirs| that the nearest leaves.
        tried: how many suspects there were.
    """

    explanations: tuple[Suspect, ...]
    left: float
    tried: int


@dataclass(frozen=True)
class Search:
    """A lineup, and the outputs that are to be explained.

    Attributes:
        lineup: our network and all that can be done wrong in it.
        theirs: the other network's outputs, one for each batch of the lineup.
        near: how far off an explanation may be.
        coarse: whether their outputs are rounded to float32, so that small mistakes drown.
    """

    lineup: Lineup
    theirs: tuple[np.ndarray, ...]
    near: float
    coarse: bool

    def run(self, watch: Watch) -> Found:
        """Single mistakes, and where none explains, two: beginning with what comes nearest."""
        singles = self.lineup.singles()
        left = {suspect.key: self.left_by(suspect) for suspect in watch(singles, "one difference")}
        found = self._alike(singles, left)
        if found and (left[found[0].key] <= NOISE or self.coarse):
            return Found(found, left[found[0].key], len(singles))
        # What shows nowhere in this network alone would double the work and explain nothing.
        hidden = {suspect.key for suspect in singles if self._is_hidden(suspect)}
        shown = sorted((s for s in singles if s.key not in hidden), key=lambda s: left[s.key])
        # A single mistake that leaves more than noise may have a small one beside it.
        firsts = found or watch(shown, "two differences")
        pair, tried = self._pair(firsts, hidden, NOISE if found else self.near)
        tried += len(singles)
        if pair is not None:
            return Found((pair,), self.left_by(pair), tried)
        return Found(found, left[found[0].key] if found else self.left_by(None), tried)

    def _pair(
        self, firsts: Iterable[Suspect], hidden: Set[Key], near: float
    ) -> tuple[Suspect | None, int]:
        """The nearest pair of the first mistake that has a near one; how many were tried."""
        tried, done = 0, set[Key]()
        for first in firsts:
            pairs = {pair: self.left_by(pair) for pair in self.lineup.pairs(first, done, hidden)}
            tried += len(pairs)
            nearest = min(pairs, key=lambda pair: pairs[pair], default=None)
            if nearest is not None and pairs[nearest] <= near:
                return nearest, tried
            done.add(first.key)
        return None, tried

    def left_by(self, suspect: Suspect | None) -> float:
        """How far off a suspect is; not much is computed where it is far."""
        worst = 0.0
        for batch, theirs in enumerate(self.theirs):
            error = relative_error(theirs, self.lineup.output(suspect, batch))
            worst = max(worst, error if np.isfinite(error) else float("inf"))
            if suspect and worst > self.near:
                break
        return worst

    def _is_hidden(self, suspect: Suspect) -> bool:
        """Whether a mistake changes nothing that comes out of our network."""
        outputs = (self.lineup.output(s, 0) for s in (None, suspect))
        return relative_error(*outputs) <= NOISE

    def _alike(self, suspects: Iterable[Suspect], left: dict[Key, float]) -> tuple[Suspect, ...]:
        """Those near enough, the nearest first, as far as they cannot be told from it."""
        near = [s for s in suspects if left[s.key] <= self.near]
        near.sort(key=lambda s: left[s.key])
        return tuple(s for s in near if left[s.key] <= max(ALIKE * left[near[0].key], NOISE))
