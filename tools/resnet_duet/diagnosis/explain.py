"""Explain the outputs of one network by mistakes in another, and describe each mistake."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest

import numpy as np

from resnet_duet.comparison.compare import FLOAT32_FACTOR, TOLERANCE
from resnet_duet.comparison.subject import is_float32
from resnet_duet.diagnosis.candidates import Candidate, Candidates, same_mistake
from resnet_duet.diagnosis.diagnosis import Cause, Diagnosis
from resnet_duet.diagnosis.limits import ROUNDING
from resnet_duet.diagnosis.search import Search, SearchResult
from resnet_duet.differences import DIFFERENCES
from resnet_duet.differences.difference import Mistake
from resnet_duet.scenarios.inference import InferenceScenario, affected_layers
from resnet_duet.weights.relative_error import relative_error

Strategy = Callable[[Search], SearchResult]
Mistakes = tuple[tuple[str, Mistake], ...]  # with the name of the difference of each

# The largest residual of an explanation. Two frameworks differ by 1e-15 to 1e-13, two mistakes of
# the registry by 1e-8 or more. A small error must be explained except for a hundredth of it.
MAX_RESIDUAL, MAX_SHARE = 1e-8, 0.01


def explain(
    candidates: Candidates,
    outputs: tuple[np.ndarray, ...],
    titles: tuple[str, str],
    strategy: Strategy,
    max_causes: int,
) -> Diagnosis:
    """`diagnose` for outputs that are computed already.

    Args:
        candidates: the reference and its images.
        outputs: the other network's, one for each batch of the images.
        titles: of the reference and of the other network.
        strategy: runs the search.
        max_causes: the most mistakes of a candidate that it tests.
    """
    float32 = all(map(is_float32, outputs))
    error = _residual(candidates, None, outputs)
    base = Diagnosis(
        titles=titles,
        match=not float32 and error <= TOLERANCE,
        error=error,
        precision="float32" if float32 else "float64",
        different_architectures=None,
        explanations=(),
        residual=error,
        first_divergence=None,
        tried=0,
        max_causes=max_causes,
    )
    if base.match:
        return base
    unexplained = Search(candidates, outputs, np.inf, float32).residual(None)
    limit = _max_residual(candidates, unexplained, float32)
    if float32 and unexplained <= limit:
        causes = _causes(candidates, _float32_arithmetic(candidates.reference), ())
        return replace(base, explanations=(causes,), tried=1)
    found = strategy(Search(candidates, outputs, limit, float32))
    return replace(
        base,
        explanations=tuple(
            _causes(
                candidates,
                (*candidate.mistakes, *_rounding(candidate, float32)),
                _residuals_without(candidates, candidate, outputs),
            )
            for candidate in found.explanations
        ),
        residual=_residual(candidates, next(iter(found.explanations), None), outputs),
        tried=found.tried,
    )


def float32_error(candidates: Candidates) -> float:
    """The relative error of the reference's output in float32."""
    float32 = replace(candidates.reference.in_float32(), images=candidates.images[0])
    return relative_error(candidates.output(None, 0), float32.run(candidates.framework))


def _residual(
    candidates: Candidates, candidate: Candidate | None, outputs: tuple[np.ndarray, ...]
) -> float:
    """max|candidate - output| / max|reference|, the largest of all batches.

    For the reference itself, None, that is `relative_error(reference, output)`.
    """
    residuals = []
    for batch, output in enumerate(outputs):
        own = candidates.output(candidate, batch)
        if own.shape != output.shape:
            return float("inf")
        scale = float(np.abs(candidates.output(None, batch)).max()) or 1.0
        residuals.append(float(np.abs(own - output).max()) / scale)
    return max(residuals)


def _max_residual(candidates: Candidates, unexplained: float, float32: bool) -> float:
    """The largest residual of an explanation, in the scale of the search."""
    if float32:
        return max(MAX_RESIDUAL, FLOAT32_FACTOR * float32_error(candidates))
    return max(min(MAX_RESIDUAL, MAX_SHARE * unexplained), ROUNDING)


def _rounding(candidate: Candidate, float32: bool) -> Mistakes:
    """The mistake to add to an explanation of outputs that are rounded to float32."""
    return _float32_arithmetic(candidate.scenario) if float32 else ()


def _float32_arithmetic(scenario: InferenceScenario) -> Mistakes:
    """The mistake to compute in float32."""
    own = DIFFERENCES["float32_arithmetic"]
    return tuple((own.name, mistake) for mistake in own.mistakes(scenario))[:1]


def _residuals_without(
    candidates: Candidates, candidate: Candidate, outputs: tuple[np.ndarray, ...]
) -> tuple[float | None, ...]:
    """The residual without each of several mistakes, as in `Cause.residual_without`."""
    if len(candidate.mistakes) == 1:
        return ()
    rests = (candidates.without(candidate, n) for n in range(len(candidate.mistakes)))
    residuals = (_residual(candidates, rest, outputs) if rest else np.inf for rest in rests)
    return tuple(residual if np.isfinite(residual) else None for residual in residuals)


def _causes(
    candidates: Candidates, mistakes: Mistakes, residuals: Sequence[float | None]
) -> tuple[Cause, ...]:
    """Each mistake of an explanation, with the error that it makes on its own.

    Args:
        candidates: the reference and its images.
        mistakes: in the order in which they are made.
        residuals: without each of them; those of the last mistakes may be missing.
    """
    before, causes = candidates.reference, []
    for (name, mistake), residual in zip_longest(mistakes, residuals):
        assert isinstance(mistake.scenario, InferenceScenario)
        # The description and the fix name the value of the reference.
        alone = same_mistake(candidates.reference, name, before, mistake) or mistake
        output = candidates.output(Candidate(((name, alone),)), 0)
        error = relative_error(candidates.output(None, 0), output)
        layers = affected_layers(before, mistake.scenario)
        causes.append(Cause(name, alone.description, alone.fix, layers, error, residual))
        before = mistake.scenario
    return tuple(causes)
