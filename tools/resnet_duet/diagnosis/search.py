"""The search for the mistakes that turn the reference's outputs into the other network's.

Residuals here are relative to the other network's outputs, which a candidate is to reproduce: a
mistake may make outputs larger or smaller by orders of magnitude. A `Diagnosis` reports them on
the reference's scale.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from resnet_duet.diagnosis.candidates import Candidate, Candidates, Key
from resnet_duet.diagnosis.combinations import CombinationSearch
from resnet_duet.diagnosis.limits import INDISTINGUISHABLE, ROUNDING
from resnet_duet.weights.relative_error import relative_error

Progress = Callable[[Sequence[Any], str], Iterable[Any]]


@dataclass(frozen=True)
class SearchResult:
    """The result of a search.

    Attributes:
        explanations: the candidates that reproduce the other network's outputs and cannot be
            distinguished by them, the nearest first.
        tried: the number of candidates that were tested.
    """

    explanations: tuple[Candidate, ...]
    tried: int


@dataclass(frozen=True)
class Search:
    """Candidates, and the outputs that they are to reproduce.

    Attributes:
        candidates: the reference and every mistake that can be made in it.
        outputs: the other network's, one for each batch of images.
        max_residual: the largest residual of an explanation.
        float32: whether the outputs are rounded to float32, so that small mistakes are lost.
    """

    candidates: Candidates
    outputs: tuple[np.ndarray, ...]
    max_residual: float
    float32: bool

    def run(self, progress: Progress, max_causes: int) -> SearchResult:
        """Test single mistakes and, if none explains the outputs, combinations of them.

        Args:
            progress: see `diagnose`.
            max_causes: the most mistakes of a combination.
        """
        singles = self.candidates.singles()
        residuals = {
            candidate.key: self.residual(candidate)
            for candidate in progress(singles, "testing single causes")
        }
        found = self._nearest(singles, residuals)
        is_exact = bool(found) and (residuals[found[0].key] <= ROUNDING or self.float32)
        if is_exact or max_causes == 1:
            return SearchResult(found, len(singles))
        effects = {candidate.key: self._effect(candidate) for candidate in singles}
        exact = self.max_residual if self.float32 else ROUNDING
        search = CombinationSearch(
            self.candidates, self.residual, self.max_residual, exact, effects, max_causes
        )
        if found:
            # A single mistake that leaves more than rounding may come with other, small ones.
            combination = search.completed(found)
        else:
            nearest = sorted(singles, key=lambda candidate: residuals[candidate.key])
            visible = [one for one in nearest if one.key not in search.unnoticed]
            combination = search.run(progress(visible, "testing pairs"))
        explanations = (combination.found,) if combination.found else found
        return SearchResult(explanations, combination.tried + len(singles))

    def run_in_order(self, singles: Iterable[Candidate]) -> SearchResult:
        """Test single mistakes until one explains the outputs except for rounding.

        Args:
            singles: candidates with one mistake, the most likely first.
        """
        residuals: dict[Key, float] = {}
        tested = []
        for candidate in singles:
            residuals[candidate.key] = self.residual(candidate)
            tested.append(candidate)
            if residuals[candidate.key] <= (self.max_residual if self.float32 else ROUNDING):
                break
        return SearchResult(self._nearest(tested, residuals), len(tested))

    def residual(self, candidate: Candidate | None) -> float:
        """The largest residual of a candidate, or of the reference, over the batches.

        Batches after one whose residual is above `max_residual` are not computed.
        """
        worst = 0.0
        for batch, output in enumerate(self.outputs):
            error = relative_error(output, self.candidates.output(candidate, batch))
            worst = max(worst, error if np.isfinite(error) else float("inf"))
            if candidate and worst > self.max_residual:
                break
        return worst

    def _effect(self, candidate: Candidate) -> float:
        """How much a mistake changes the reference's output, relative to it."""
        return relative_error(*(self.candidates.output(own, 0) for own in (None, candidate)))

    def _nearest(
        self, candidates: Iterable[Candidate], residuals: dict[Key, float]
    ) -> tuple[Candidate, ...]:
        """The candidates that explain, nearest first, as far as they are indistinguishable."""
        near = [c for c in candidates if residuals[c.key] <= self.max_residual]
        near.sort(key=lambda candidate: residuals[candidate.key])
        return tuple(
            candidate
            for candidate in near
            if residuals[candidate.key] <= max(INDISTINGUISHABLE * residuals[near[0].key], ROUNDING)
        )
