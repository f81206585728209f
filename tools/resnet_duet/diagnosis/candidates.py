"""The networks with one or two mistakes that a search tests, and their outputs."""

import sys
from collections.abc import Iterator, Set
from dataclasses import dataclass, field, fields, replace

import numpy as np

from resnet_duet.differences import DIFFERENCES
from resnet_duet.differences.difference import Mistake
from resnet_duet.scenarios.inference import InferenceScenario

Key = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Candidate:
    """One mistake, or two that are made one after the other.

    Attributes:
        mistakes: (name of the difference, the mistake), in the order in which they are made.
    """

    mistakes: tuple[tuple[str, Mistake], ...]

    @property
    def scenario(self) -> InferenceScenario:
        """The network with the mistakes in it."""
        scenario = self.mistakes[-1][1].scenario
        assert isinstance(scenario, InferenceScenario)
        return scenario

    @property
    def key(self) -> Key:
        """Names and descriptions of the mistakes. Different candidates have different keys."""
        return tuple(
            text for name, mistake in self.mistakes for text in (name, mistake.description)
        )


@dataclass(frozen=True, eq=False)
class Candidates:
    """A reference network, images, and every candidate. Each output is computed once and kept.

    Attributes:
        reference: the network without a mistake.
        images: batches of one size each, (N, H, W, C) float64.
        framework: the name of the framework that computes.
    """

    reference: InferenceScenario
    images: tuple[np.ndarray, ...]
    framework: str
    _outputs: dict[tuple[Key, int], np.ndarray] = field(default_factory=dict, repr=False)

    def output(self, candidate: Candidate | None, batch: int) -> np.ndarray:
        """The output of a candidate, or of the reference.

        Args:
            candidate: None for the reference.
            batch: the number of the batch of images.

        Returns:
            (N, K) or (N, H, W, C); an empty array if the mistakes of a candidate together make a
            network that cannot run.
        """
        key = (candidate.key if candidate else (), batch)
        if key not in self._outputs:
            images = self.images[batch]
            self._outputs[key] = (
                replace(self.reference, images=images).run(self.framework)
                if candidate is None
                else attempt(replace(candidate.scenario, images=images), self.framework)
            )
        return self._outputs[key]

    def singles(self) -> list[Candidate]:
        """The candidates with one mistake."""
        return [Candidate(((name, mistake),)) for name, mistake in mistakes_of(self.reference)]

    def pairs(self, first: Candidate, done: Set[Key], unnoticed: Set[Key]) -> Iterator[Candidate]:
        """The candidates with a mistake and, after it, a mistake of another difference.

        Args:
            first: the candidate with the first mistake.
            done: keys of the candidates that were `first` before. Two mistakes that change
                different parts of a scenario are not tested in both orders.
            unnoticed: keys of the candidates to leave out as the second mistake.
        """
        ((name, _),) = first.mistakes
        parts = changed_parts(self.reference, first.scenario)
        for other, second in mistakes_of(first.scenario):
            key = (other, second.description)
            was_tested = key in done and parts.isdisjoint(changed_parts(first.scenario, second))
            if other != name and key not in unnoticed and not was_tested:
                yield Candidate((*first.mistakes, (other, second)))


def attempt(scenario: InferenceScenario, framework: str) -> np.ndarray:
    """The output of a network that may be impossible: an empty array then."""
    # The errors with which NumPy, PyTorch, Keras and TensorFlow refuse sizes that do not match.
    tensorflow = sys.modules.get("tensorflow")
    refused = (RuntimeError, ValueError, *([tensorflow.errors.OpError] if tensorflow else []))
    try:
        with np.errstate(all="ignore"):  # a mistake may divide by zero
            return scenario.run(framework)
    except refused:
        return np.empty(0)


def mistakes_of(scenario: InferenceScenario) -> Iterator[tuple[str, Mistake]]:
    """(name of the difference, mistake) for every mistake that can be made in a network."""
    for name, difference in DIFFERENCES.items():
        for mistake in difference.mistakes(scenario):
            yield name, mistake


def changed_parts(before: InferenceScenario, after: InferenceScenario | Mistake) -> set[str]:
    """The fields of a scenario that a mistake replaces, but for `spec`.

    Two changes of a spec are independent, since each changes one of its choices.
    """
    scenario = after.scenario if isinstance(after, Mistake) else after
    return {
        part.name
        for part in fields(InferenceScenario)
        if part.name != "spec" and getattr(before, part.name) is not getattr(scenario, part.name)
    }
