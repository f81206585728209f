"""The search for a combination of mistakes.

Every pair is tested. A pair after which the residual is clearly smaller is followed by a third and
a fourth mistake at once, the nearest pairs at the end: large errors hide small ones, so the large
mistakes are found first. The number of tests grows with the square of the number of mistakes and
not with a higher power.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from resnet_duet.diagnosis.candidates import Candidate, Candidates, Key
from resnet_duet.diagnosis.limits import INDISTINGUISHABLE, ROUNDING

CLEAR_FALL = 0.5  # the largest ratio of the residuals after and before a mistake is added
NEAREST_PAIRS = 5  # that are followed by a third mistake if no pair explains the outputs


@dataclass(frozen=True)
class Combination:
    """The result of a search for combinations.

    Attributes:
        found: the candidate that reproduces the outputs; None if there is none.
        tried: the number of candidates that were tested.
    """

    found: Candidate | None
    tried: int


@dataclass(frozen=True, eq=False)
class CombinationSearch:
    """Candidates with several mistakes, and how near each comes to the other network's outputs.

    Attributes:
        candidates: the reference and every mistake that can be made in it.
        residual_of: the residual of a candidate.
        max_residual: the largest residual of an explanation.
        exact: the residual of an explanation that leaves nothing to explain.
        effects: {key of a single mistake: the relative error of the output that it causes}.
        max_causes: the most mistakes of a combination.
    """

    candidates: Candidates
    residual_of: Callable[[Candidate], float]
    max_residual: float
    exact: float
    effects: Mapping[Key, float]
    max_causes: int
    _residuals: dict[Key, float] = field(default_factory=dict, repr=False)

    @cached_property
    def unnoticed(self) -> set[Key]:
        """The mistakes that change nothing in this network: they explain nothing."""
        return {key for key, effect in self.effects.items() if effect <= ROUNDING}

    def run(self, firsts: Iterable[Candidate]) -> Combination:
        """Test pairs, and combinations that begin with the nearest pairs.

        Args:
            firsts: candidates with one mistake, the nearest first.
        """
        pairs: list[Candidate] = []
        followed, done, nearest = set[Key](), set[Key](), math.inf
        for first in firsts:
            pair = self._nearest_extension(first, done)
            done.add(first.key)
            nearest = min(nearest, self._residual(first))
            if pair is None:
                continue
            pairs.append(pair)
            residual = self._residual(pair)
            if residual <= max(self.max_residual, CLEAR_FALL * nearest):
                followed.add(pair.key)
                if found := self._followed(pair, self.max_residual):
                    return self._result(found)
                nearest = residual
        pairs.sort(key=self._residual)
        for pair in (pair for pair in pairs[:NEAREST_PAIRS] if pair.key not in followed):
            if found := self._followed(pair, self.max_residual):
                return self._result(found)
        return self._result(None)

    def completed(self, explanations: Iterable[Candidate]) -> Combination:
        """Add mistakes to an explanation until nothing is left to explain.

        Args:
            explanations: candidates with one mistake that leave more than rounding.
        """
        for explanation in explanations:
            pair = self._nearest_extension(explanation, set())
            if pair and (found := self._followed(pair, self.exact)):
                return self._result(found)
        return self._result(None)

    def _followed(self, candidate: Candidate, limit: float) -> Candidate | None:
        """Add the nearest mistake while the residual falls clearly.

        Returns:
            The first candidate that leaves nothing to explain, or else the first one whose
            residual is at most `limit`; None if there is none.
        """
        explanation = None
        while (residual := self._residual(candidate)) > self.exact:
            if residual <= limit and explanation is None:
                explanation = candidate
            if len(candidate.mistakes) >= self.max_causes:
                return explanation
            longer = self._nearest_extension(candidate, set())
            if longer is None or self._residual(longer) > CLEAR_FALL * residual:
                return explanation
            candidate = longer
        return candidate

    def _nearest_extension(self, first: Candidate, done: set[Key]) -> Candidate | None:
        """The candidate with one more mistake whose residual is the smallest.

        Mistakes are tested in the order of how near their effect is to the residual that they are
        to explain. An exact explanation in float64 ends the test.
        """
        unexplained = _magnitude(self._residual(first))

        def distance(candidate: Candidate) -> float:
            effect = self.effects.get(candidate.key[-2:], math.inf)
            return abs(_magnitude(effect) - unexplained)

        nearest = None
        for longer in sorted(self.candidates.extensions(first, done, self.unnoticed), key=distance):
            if nearest is None or self._residual(longer) < self._residual(nearest):
                nearest = longer
            if self._residual(nearest) <= ROUNDING:
                break
        return nearest

    def needed(self, candidate: Candidate) -> Candidate:
        """The candidate without the mistakes that the others make unnecessary."""
        enough = max(self.exact, INDISTINGUISHABLE * self._residual(candidate))
        for number in reversed(range(len(candidate.mistakes))):
            if len(candidate.mistakes) > 1:
                fewer = self.candidates.without(candidate, number)
                if fewer and self._residual(fewer) <= enough:
                    candidate = fewer
        return candidate

    def _residual(self, candidate: Candidate) -> float:
        """The residual of a candidate, computed once."""
        if candidate.key not in self._residuals:
            self._residuals[candidate.key] = self.residual_of(candidate)
        return self._residuals[candidate.key]

    def _result(self, found: Candidate | None) -> Combination:
        """The result, with as few mistakes as possible."""
        found = self.needed(found) if found else None
        return Combination(found, sum(len(key) > 2 for key in self._residuals))


def _magnitude(error: float) -> float:
    """The decimal logarithm of an error, of errors that are not finite or zero that of 1."""
    return math.log10(error) if 0 < error < math.inf else 0.0
