"""Assertions for the tests of projects that build the same network twice.

>>> from resnet_duet.testing import assert_equivalent
>>> def test_port():  # in a project's test_port.py
...     assert_equivalent(torch_model, keras_model)
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from resnet_spec import ResNetError

if TYPE_CHECKING:
    from resnet_duet.comparison.comparison import Comparison
    from resnet_duet.comparison.subject import Comparable, Subject

__all__ = ["assert_equivalent"]


def assert_equivalent(
    reference: "Comparable",
    other: "Comparable",
    *,
    seeds: Sequence[int] = (0,),
    tolerance: float = 1e-10,
    diagnose: bool = True,
) -> None:
    """Assert that two networks return the same outputs, layer by layer, on random images.

    Args:
        reference: the correct network: anything `resnet_duet.compare` takes, such as a torch
            module, a Keras model, a checkpoint's path or a `resnet_duet.Function`.
        other: the network to test, one of the same.
        seeds: of the images. For each seed there are two images of each size.
        tolerance: the largest relative error of float64 rounding, max|a - b| / max|a| of each
            layer. For networks that only run in float32, it is raised to a multiple of the
            reference's own float32 rounding error.
        diagnose: whether to search for the cause of a mismatch. That takes seconds, or a minute
            for a ResNet-50 whose mistake is unknown: single mistakes are tested, pairs are not.

    Raises:
        AssertionError: the outputs differ. The message names the first diverging layer, has a
            table by stage and, where the search finds it, the cause and its fix.
        ResNetError: the networks cannot be compared; see `resnet_duet.compare`.

    Example:
        >>> def test_port_of_resnet50():
        ...     assert_equivalent("resnet50.pth", my_package.keras_resnet50())
    """
    __tracebackhide__ = True  # pytest shows the caller's line, not this function
    from resnet_duet.comparison.adapters import subject
    from resnet_duet.comparison.compare import compare

    one, two = subject(reference), subject(other)
    result = compare(one, two, seeds, tolerance)
    if not result.match:
        raise AssertionError(_message(result, one, two, diagnose))


def _message(result: "Comparison", one: "Subject", two: "Subject", diagnose: bool) -> str:
    """The verdict, the networks, the table by stage and the diagnosis."""
    table, _, verdict = str(result).rpartition("\n")
    networks = f"reference: {one.title}\nother:     {two.title}"
    diagnosis = [_diagnosis(result, one, two)] if diagnose else []
    return "\n\n".join([verdict, networks, table, *diagnosis])


def _diagnosis(result: "Comparison", one: "Subject", two: "Subject") -> str:
    """The result of a quick search, or the reason why there is none."""
    from resnet_duet.diagnosis.quick import quick_diagnosis

    try:
        found = quick_diagnosis(one, two, result)
    except ResNetError as error:
        return f"No diagnosis: {error}"
    if found.match or found.different_architectures or found.explanations:
        return str(found)
    return f"{found}\nresnet_duet.diagnose(reference, other) tests more, such as pairs of causes."
