"""The search for the mistakes that turn the reference's outputs into the other network's.

Residuals here are relative to the other network's outputs, which a candidate is to reproduce: a
mistake may make outputs larger or smaller by orders of magnitude. A `Diagnosis` reports them on
the reference's scale.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from resnet_duet.diagnosis.candidates import Candidate, Candidates, Key
from resnet_duet.weights.relative_error import relative_error

Progress = Callable[[Sequence[Any], str], Iterable[Any]]

ROUNDING = 1e-12  # an upper bound for two frameworks in float64; smaller residuals are equal
INDISTINGUISHABLE = 10  # explanations whose residual is at most this multiple of the smallest


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
        """Test single mistakes and, if none explains the outputs, pairs, the nearest first.

        Args:
            progress: see `diagnose`.
            max_causes: 1 to test single mistakes only, 2 to test pairs too.
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
        # Mistakes that change nothing in this network double the work and explain nothing.
        unnoticed = {candidate.key for candidate in singles if self._is_unnoticed(candidate)}
        visible = sorted(
            (candidate for candidate in singles if candidate.key not in unnoticed),
            key=lambda candidate: residuals[candidate.key],
        )
        # A single mistake that leaves more than rounding may come with a second, small one.
        firsts = found or progress(visible, "testing pairs")
        limit = ROUNDING if found else self.max_residual
        pair, tried = self._pair(firsts, unnoticed, limit)
        return SearchResult((pair,) if pair else found, tried + len(singles))

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

    def _pair(
        self, firsts: Iterable[Candidate], unnoticed: Set[Key], max_residual: float
    ) -> tuple[Candidate | None, int]:
        """The nearest pair of the first mistake that explains, and how many pairs were tested."""
        tried, done = 0, set[Key]()
        for first in firsts:
            pairs = self.candidates.pairs(first, done, unnoticed)
            residuals = {pair: self.residual(pair) for pair in pairs}
            tried += len(residuals)
            nearest = min(residuals, key=lambda pair: residuals[pair], default=None)
            if nearest is not None and residuals[nearest] <= max_residual:
                return nearest, tried
            done.add(first.key)
        return None, tried

    def _is_unnoticed(self, candidate: Candidate) -> bool:
        """Whether a mistake does not change the reference's output."""
        outputs = (self.candidates.output(own, 0) for own in (None, candidate))
        return relative_error(*outputs) <= ROUNDING

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
