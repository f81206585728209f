"""How well `diagnose` works: inject known mistakes and see whether it finds them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import resnet_spec
from resnet_duet.comparison.adapters import subject
from resnet_duet.comparison.compare import TOLERANCE
from resnet_duet.comparison.inputs import SIZES
from resnet_duet.diagnosis.candidates import Candidate, Candidates
from resnet_duet.diagnosis.diagnose import MAX_CAUSES, as_scenario, default_framework, search_all
from resnet_duet.diagnosis.explain import explain
from resnet_duet.frameworks import KERAS
from resnet_duet.scenarios.inference import InferenceScenario, Weights
from resnet_duet.weights.init import Norms, random_weights
from resnet_duet.weights.relative_error import relative_error
from resnet_spec import ResNetSpec
from resnet_spec.measure import default_image_size


@dataclass(frozen=True)
class Trial:
    """One injection of mistakes, and what `diagnose` found.

    Attributes:
        injected: names of the differences.
        explanations: the names of the differences of each explanation; () if there is none.
        is_unnoticed: whether the mistakes do not change the output, so that nothing can be found.
    """

    injected: tuple[str, ...]
    explanations: tuple[tuple[str, ...], ...]
    is_unnoticed: bool

    @property
    def is_identified(self) -> bool:
        """Whether one of the explanations is what was injected."""
        return any(sorted(names) == sorted(self.injected) for names in self.explanations)


def candidates_of(spec: ResNetSpec, weights: Weights) -> Candidates:
    """A network with images of the sizes at which `compare` runs it."""
    rng = np.random.default_rng(0)
    sizes = SIZES[default_image_size(resnet_spec.plan(spec))]
    images = tuple(rng.standard_normal((2, *size, spec.in_channels)) for size in sizes)
    reference = InferenceScenario(spec, (), weights, images[0], (), (), False, "float64")
    return Candidates(reference, images, default_framework())


def random_network(spec: ResNetSpec) -> Candidates:
    """A network with random weights and random norms."""
    return candidates_of(spec, random_weights(spec, 0, Norms.RANDOM))


def trained_network(path: Path) -> Candidates:
    """The network of a checkpoint."""
    scenario = as_scenario(subject(path))
    return candidates_of(scenario.spec, dict(scenario.weights))


def inject(candidates: Candidates, candidate: Candidate) -> Trial:
    """Make a candidate's mistakes in Keras, and search for them in the other framework."""
    scenarios = [replace(candidate.scenario, images=images) for images in candidates.images]
    with np.errstate(all="ignore"):
        outputs = tuple(scenario.run(KERAS.name) for scenario in scenarios)
    found = explain(candidates, outputs, ("right", "wrong"), search_all(), MAX_CAUSES)
    rights = [candidates.output(None, batch) for batch in range(len(outputs))]
    return Trial(
        injected=tuple(name for name, _ in candidate.mistakes),
        explanations=tuple(
            tuple(cause.difference for cause in causes) for causes in found.explanations
        ),
        is_unnoticed=max(map(relative_error, rights, outputs)) <= TOLERANCE,
    )


def finite_singles(candidates: Candidates) -> Iterator[Candidate]:
    """Every single mistake whose output is finite. `diagnose` refuses NaN and infinity."""
    for candidate in candidates.singles():
        if np.isfinite(candidates.output(candidate, 0)).all():
            yield candidate


def random_pairs(
    networks: Sequence[Candidates], number: int
) -> Iterator[tuple[Candidates, Candidate]]:
    """Random pairs of mistakes that both have an effect.

    Args:
        networks: one is drawn for each pair.
        number: of pairs.
    """
    rng = np.random.default_rng(0)
    while number:
        candidates = networks[int(rng.integers(len(networks)))]
        first = rng.choice(np.array(candidates.singles(), dtype=object))
        seconds = list(candidates.extensions(first, set(), set()))
        pair = seconds[int(rng.integers(len(seconds)))]
        if have_effect(candidates, first, pair):
            number -= 1
            yield candidates, pair


def have_effect(candidates: Candidates, first: Candidate, pair: Candidate) -> bool:
    """Whether the output changes with the first mistake, and with each that is added."""
    *_, name, description = pair.key
    singles = (s for s in candidates.singles() if s.key == (name, description))
    second = next(singles, None)
    if second is None:
        return False
    outputs = [candidates.output(own, 0) for own in (None, first, pair, second)]
    if not all(output.size and np.isfinite(output).all() for output in outputs):
        return False
    right, with_first, with_both, with_second = outputs
    errors = [
        relative_error(right, with_first),
        relative_error(with_first, with_both),
        relative_error(right, with_both),
        relative_error(with_both, with_second),
    ]
    return min(errors) > TOLERANCE
