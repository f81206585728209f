"""A quick diagnosis after a comparison: the first single mistake that explains the mismatch."""

from collections.abc import Iterator
from dataclasses import replace

from resnet_duet.comparison.comparison import Comparison
from resnet_duet.comparison.subject import Subject
from resnet_duet.diagnosis.candidates import Candidate, Candidates
from resnet_duet.diagnosis.diagnose import diagnosis_of
from resnet_duet.diagnosis.diagnosis import Diagnosis
from resnet_duet.scenarios.inference import InferenceScenario, first_affected_layer


def quick_diagnosis(one: Subject, two: Subject, comparison: Comparison) -> Diagnosis:
    """The first single mistake that explains why two networks do not match.

    Mistakes that first affect the first diverging layer are tested first. Those that affect only
    later layers are not tested. Unlike `diagnose`, this neither tests pairs nor lists other
    mistakes with the same outputs.

    Args:
        one: the reference.
        two: the network that disagrees.
        comparison: of the two, a mismatch.

    Raises:
        ResNetError: see `diagnose`.
    """
    found = diagnosis_of(
        one, two, lambda search: search.run_in_order(ranked(search.candidates, comparison)), 1
    )
    if found.match or found.different_architectures or found.explanations:
        return found
    return replace(found, first_divergence=comparison.first_divergence)


def ranked(candidates: Candidates, comparison: Comparison) -> Iterator[Candidate]:
    """The single mistakes that may cause the first divergence, the nearest to it first."""
    first, reference = comparison.first_divergence, candidates.reference
    assert first is not None
    positions = {node.name: n for n, node in enumerate(reference.plan.walk())}
    outputs = reference.plan.outputs()
    end = len(positions)
    divergence = positions.get(outputs.get(first.layer, first.layer), end)
    if len(comparison.layers) == 1:  # only the output is known to differ
        yield from candidates.singles()
        return

    def distance(candidate: Candidate) -> int:
        start = first_affected_layer(reference, candidate.scenario)
        outside = end if _is_postprocessing(reference, candidate.scenario) else 0
        return divergence - (outside if start is None else positions.get(start, 0))

    distances = {candidate: distance(candidate) for candidate in candidates.singles()}
    near = [candidate for candidate in distances if distances[candidate] >= 0]
    yield from sorted(near, key=lambda candidate: distances[candidate])


def _is_postprocessing(reference: InferenceScenario, scenario: InferenceScenario) -> bool:
    """Whether a mistake outside the network is after it."""
    return scenario.postprocessing != reference.postprocessing
