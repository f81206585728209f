"""Find the known difference that explains why two networks disagree."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from resnet_duet.comparison.adapters import subject
from resnet_duet.comparison.compare import (
    FLOAT32_FACTOR,
    TOLERANCE,
    check_output_shapes,
    compare,
)
from resnet_duet.comparison.inputs import random_inputs
from resnet_duet.comparison.outputs import output
from resnet_duet.comparison.subject import Comparable, Naming, Subject, is_float32
from resnet_duet.diagnosis.architecture import different_architectures
from resnet_duet.diagnosis.candidates import Candidates
from resnet_duet.diagnosis.diagnosis import Cause, Diagnosis
from resnet_duet.diagnosis.explain import Strategy, explain, float32_error
from resnet_duet.diagnosis.search import Progress
from resnet_duet.errors import FrameworkError
from resnet_duet.formats.trust import Trust
from resnet_duet.frameworks import FRAMEWORKS
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_duet.weights.relative_error import relative_error
from resnet_spec import ResNetError

__all__ = ["Cause", "Diagnosis", "diagnose", "no_progress"]

T = TypeVar("T")

MAX_CAUSES = 4


def no_progress(items: Sequence[T], _message: str) -> Iterable[T]:
    """The default for the parameter `progress` of `diagnose`: shows nothing."""
    return items


def diagnose(
    a: Comparable,
    b: Comparable,
    progress: Progress = no_progress,
    max_causes: int = MAX_CAUSES,
    trust: Trust = Trust.DATA,
) -> Diagnosis:
    """Find the known mistakes that turn the outputs of `a` into those of `b`.

    The mistakes of `resnet_duet.differences` are made in a copy of the reference, singly and then
    in pairs, until its outputs match those of `b`. The pairs that come nearest are followed by a
    third and a fourth mistake. Each cause of the result is needed: the outputs do not match
    without it. Only the outputs of `b` are needed. If both networks are identified and have
    different architectures, nothing is searched for.

    Args:
        a: the reference: anything `compare` takes whose weights can be read as a ResNet's.
        b: the network that disagrees: anything `compare` takes.
        progress: (items, description) -> the items, while it shows how far the search is.
        max_causes: the most mistakes of a combination, 1 to 4; 1 for single mistakes only, which
            takes seconds.
        trust: `Trust.CODE` to run the program in a .pt2 or TorchScript file.

    Returns:
        The causes. `print` it for a report.

    Raises:
        ResNetError: the reference is a plain function, or its outputs are not those of its
            weights; the networks take different images or return outputs of different shapes; b
            fails, or returns NaN or infinity.
        FileError: see `resnet_duet.load`.

    Example:
        >>> print(resnet_duet.diagnose("resnet50.pth", keras_model))  # doctest: +SKIP
    """
    if max_causes not in range(1, MAX_CAUSES + 1):
        raise ResNetError(f"max_causes must be 1 to {MAX_CAUSES}, not {max_causes!r}")
    one, two = subject(a, trust), subject(b, trust)
    found = diagnosis_of(one, two, search_all(progress, max_causes), max_causes)
    if found.match or found.different_architectures or found.explanations:
        return found
    if two.naming is Naming.NONE:
        return found
    return replace(found, first_divergence=compare(one, two).first_divergence)


def search_all(progress: Progress = no_progress, max_causes: int = MAX_CAUSES) -> Strategy:
    """The search of `diagnose`: single mistakes, then combinations. Its parameters are the same."""
    return lambda search: search.run(progress, max_causes)


def diagnosis_of(one: Subject, two: Subject, strategy: Strategy, max_causes: int) -> Diagnosis:
    """A diagnosis without `first_divergence`.

    Args:
        one: the reference.
        two: the network that disagrees.
        strategy: runs the search.
        max_causes: the most mistakes of a candidate that it tests.

    Raises:
        ResNetError: see `diagnose`.
    """
    titles, reference = (one.title, two.title), as_scenario(one)
    if architectures := different_architectures(one.identified, two.identified):
        # A reference with a custom head is identified without it.
        own_images = tuple(random_inputs(one, one, seed=0))[:1]
        _check_reference(one, Candidates(reference, own_images, default_framework()))
        inf = float("inf")
        return Diagnosis(titles, False, inf, "float64", architectures, (), inf, None, 0, max_causes)
    images = tuple(random_inputs(one, two, seed=0))
    candidates = Candidates(reference, images, default_framework())
    outputs = tuple(output(two.run(x)) for x in images)
    _check_outputs(one, two, candidates, outputs)
    return explain(candidates, outputs, titles, strategy, max_causes)


def default_framework() -> str:
    """The name of the framework that computes outputs with mistakes: the first installed one.

    Raises:
        FrameworkError: no framework is installed.
    """
    for framework in FRAMEWORKS.values():
        if framework.is_installed():
            return framework.name
    raise FrameworkError("this needs torch or tensorflow: pip install 'resnet-duet[torch]'")


def as_scenario(one: Subject) -> InferenceScenario:
    """The reference as a scenario without images.

    Raises:
        ResNetError: its weights are not known as a ResNet's.
    """
    if one.identified is None:
        raise ResNetError(
            f"{one.title} cannot be the reference, since its weights are not known as a ResNet's:"
            " pass a checkpoint, or a network whose layer names a dialect knows"
        )
    none = np.empty((0, 0, 0, one.identified.spec.in_channels))
    return InferenceScenario(
        one.identified.spec, (), one.identified.weights(), none, (), (), False, "float64"
    )


def _check_outputs(
    one: Subject, two: Subject, candidates: Candidates, outputs: tuple[np.ndarray, ...]
) -> None:
    """Raise ResNetError if the outputs cannot be compared, or are not those of the weights."""
    trace = _check_reference(one, candidates)
    check_output_shapes(one, two, (trace, {"output": outputs[0]}))
    if not all(np.isfinite(array).all() for array in outputs):
        raise ResNetError(f"{two.title} returns NaN or infinity, which no known mistake explains")


def _check_reference(one: Subject, candidates: Candidates) -> dict[str, np.ndarray]:
    """Run the reference.

    Returns:
        {layer: its output}, for the first batch of images.

    Raises:
        ResNetError: the outputs are not those of the weights.
    """
    trace = one.run(candidates.images[0])
    own = output(trace)
    limit = FLOAT32_FACTOR * float32_error(candidates) if is_float32(own) else TOLERANCE
    if not (error := relative_error(candidates.output(None, 0), own)) <= limit:
        raise ResNetError(
            f"{one.title} cannot be the reference: its outputs are not those of a ResNet with its"
            f" weights (relative error {error:.1e}); `resnet-duet verify` shows where they differ"
        )
    return trace
