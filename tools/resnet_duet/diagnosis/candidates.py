"""The networks with mistakes that a search tests, and their outputs."""

import sys
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter

import numpy as np

from resnet_duet.differences import DIFFERENCES
from resnet_duet.differences.difference import Mistake
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_spec import ResNetSpec
from resnet_spec.rules import choice_paths

Key = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Candidate:
    """One mistake, or several that are made one after the other.

    Attributes:
        mistakes: (name of the difference, the mistake), in the order in which they are made.
    """

    mistakes: tuple[tuple[str, Mistake], ...]

    @property
    def scenario(self) -> InferenceScenario:
        """The network with the mistakes in it."""
        return _scenario(self.mistakes[-1][1])

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

    def extensions(
        self, first: Candidate, done: Set[Key], unnoticed: Set[Key]
    ) -> Iterator[Candidate]:
        """The candidates with the mistakes of another candidate and, after them, one more.

        A mistake that undoes an earlier one is left out. So is a second mistake of the same
        difference, unless it changes another choice of the spec.

        Args:
            first: the candidate with the first mistakes.
            done: keys of the candidates that were `first` before. Two mistakes that change
                different parts of a scenario are not tested in both orders.
            unnoticed: keys of the candidates to leave out as the last mistake.
        """
        names = {name for name, _ in first.mistakes}
        parts = changed_parts(self.reference, first.scenario)
        before = changes(self.reference, first.scenario)
        for name, mistake in mistakes_of(first.scenario):
            key = (name, mistake.description)
            was_tested = key in done and parts.isdisjoint(changed_parts(first.scenario, mistake))
            if key in unnoticed or was_tested:
                continue
            own = changes(first.scenario, mistake)
            is_again = name in names and not before.keys().isdisjoint(own)
            all_changes = changes(self.reference, mistake).keys()
            if not is_again and before.keys() | own.keys() <= all_changes:
                yield Candidate((*first.mistakes, (name, mistake)))

    def without(self, candidate: Candidate, number: int) -> Candidate | None:
        """A candidate without one of its mistakes.

        Args:
            candidate: with several mistakes.
            number: of the mistake to leave out.

        Returns:
            The candidate; None if the other mistakes cannot be made without this one.
        """
        before, rest = self.reference, list[tuple[str, Mistake]]()
        scenario = self.reference
        for n, (name, mistake) in enumerate(candidate.mistakes):
            if n != number:
                same = same_mistake(scenario, name, before, mistake)
                if same is None:
                    return None
                rest.append((name, same))
                scenario = _scenario(same)
            before = _scenario(mistake)
        return Candidate(tuple(rest))


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


def same_mistake(
    scenario: InferenceScenario, name: str, before: InferenceScenario, mistake: Mistake
) -> Mistake | None:
    """A mistake as it is made in another scenario.

    Args:
        scenario: where to make it.
        name: of its difference.
        before: the scenario in which `mistake` was made.
        mistake: to look for. Its description may name a value of `before`.

    Returns:
        The mistake of the same description, or else the one that sets the same choices of the
        spec; None if there is none.
    """
    others = list(DIFFERENCES[name].mistakes(scenario))
    by_description = (one for one in others if one.description == mistake.description)
    own = changes(before, mistake)
    by_changes = (one for one in others if own and changes(scenario, one) == own)
    return next(by_description, None) or next(by_changes, None)


def changes(before: InferenceScenario, after: InferenceScenario | Mistake) -> Mapping[str, object]:
    """{a choice of the spec, or another field of the scenario, that differs: its new value}."""
    scenario = after if isinstance(after, InferenceScenario) else _scenario(after)
    found = {part: getattr(scenario, part) for part in changed_parts(before, after)}
    for path in choice_paths(ResNetSpec):
        old, new = (attrgetter(path)(own.spec) for own in (before, scenario))
        if old != new:
            found[path] = new
    return found


def _scenario(mistake: Mistake) -> InferenceScenario:
    """The network with a mistake in it."""
    assert isinstance(mistake.scenario, InferenceScenario)
    return mistake.scenario


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
