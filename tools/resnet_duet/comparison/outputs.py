"""The outputs of two networks in one form: pooled feature maps, and logits for probabilities.

A file's own function may pool the last feature map, or end in a softmax, where the network that
this package builds of its arrays does neither.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from resnet_duet.comparison.layer_errors import Trace
from resnet_duet.comparison.subject import Subject
from resnet_spec import ResNetError

Runs = list[tuple[Trace, Trace]]
Change = Callable[[np.ndarray], np.ndarray]

OUTPUT = "output"
SOFTMAX_REMOVED = "its final softmax was removed: logits are compared"  # a note of a `Subject`

# Rows of probabilities sum to 1 within float32 rounding; logits of a random image do not.
SUM_TOLERANCE = 1e-4
# Float32 represents no smaller normal number. A probability below it shows nothing of its logit.
SMALLEST = 1e-37
FEWEST_SHOWN = 0.5  # of the classes of each image


@dataclass(frozen=True)
class Adjusted:
    """Traces whose outputs have one form.

    Attributes:
        runs: (trace of the reference, trace of the other network) for each batch of images.
        baseline: (float64, float32) traces of one of them; None if both ran in float64.
        notes: what was changed.
    """

    runs: Runs
    baseline: Runs | None
    notes: tuple[str, ...]


def output(trace: Trace) -> np.ndarray:
    """The network's output: the last entry of its trace."""
    return trace[next(reversed(trace))]


def adjust_outputs(one: Subject, two: Subject, runs: Runs, baseline: Runs | None) -> Adjusted:
    """Bring the outputs of a file's own function and of another network into one form.

    Args:
        one, two: the networks.
        runs, baseline: see `Adjusted`.

    Raises:
        ResNetError: a softmax is saturated, so that most of its outputs are 0.
    """
    both = (one, two)
    changes: list[Change] = [_same, _same]
    notes: list[str] = []
    for side, other in ((0, 1), (1, 0)):
        if both[side].own_function and not both[other].own_function and _is_pooled(runs, side):
            changes[other] = _pooled
            notes.append(
                f"{both[side].title} pools its last feature map: that of {both[other].title} was"
                " averaged over height and width"
            )
    pooled = _changed(runs, changes)
    ends = [_are_probabilities(pooled, side) for side in (0, 1)]
    if not any(
        network.is_file and (end or SOFTMAX_REMOVED in network.notes)
        for network, end in zip(both, ends, strict=True)
    ):
        ends = [False, False]  # the outputs of a user's own function are compared as they are
    for side in (0, 1):
        if ends[side]:
            _refuse_saturated(both[side].title, pooled, side)
            notes.append(
                f"{both[side].title} ends in a softmax: the logarithms of its probabilities were"
                " compared with the logits, up to a constant for each image"
            )
    if any(ends):
        forms: list[Change] = [_centered_logarithm if end else _centered for end in ends]
        changes = [_both(*pair) for pair in zip(changes, forms, strict=True)]
    measured = 1
    if baseline and baseline[0][0] is not runs[0][1]:
        measured = 0
    return Adjusted(
        _changed(runs, changes),
        _changed(baseline, [changes[measured]] * 2) if baseline else None,
        tuple(notes),
    )


def _changed(runs: Runs, changes: Sequence[Change]) -> Runs:
    """The runs with the outputs of each network changed."""
    if all(change is _same for change in changes):
        return runs
    return [(_with_output(one, changes[0]), _with_output(two, changes[1])) for one, two in runs]


def _with_output(trace: Trace, change: Change) -> Trace:
    """The trace with a changed output, which is another entry than the layer that computes it."""
    if change is _same:
        return trace
    return {name: array for name, array in trace.items() if name != OUTPUT} | {
        OUTPUT: change(output(trace))
    }


def _same(array: np.ndarray) -> np.ndarray:
    return array


def _both(first: Change, then: Change) -> Change:
    return lambda array: then(first(array))


def _pooled(array: np.ndarray) -> np.ndarray:
    """(N, C) of (N, H, W, C)."""
    pooled: np.ndarray = array.mean((1, 2))
    return pooled


def _centered(array: np.ndarray) -> np.ndarray:
    """Logits (N, K) of mean 0: a softmax does not depend on their mean."""
    centered: np.ndarray = array - array.mean(-1, keepdims=True)
    return centered


def _centered_logarithm(array: np.ndarray) -> np.ndarray:
    """The logits (N, K) of mean 0 of which these are the softmax."""
    return _centered(np.log(np.maximum(array, SMALLEST)))


def _is_pooled(runs: Runs, side: int) -> bool:
    """Whether one network's output is (N, C), and the other's a feature map of as many channels."""
    own, other = output(runs[0][side]), output(runs[0][1 - side])
    return own.ndim == 2 and other.ndim == 4 and own.shape[-1] == other.shape[-1]


def _are_probabilities(runs: Runs, side: int) -> bool:
    """Whether every output of a network is a row of probabilities."""
    arrays = [output(run[side]) for run in runs]
    return all(
        array.ndim == 2
        and array.shape[-1] > 1
        and bool((array >= 0).all())
        and bool((abs(array.sum(-1) - 1) < SUM_TOLERANCE).all())
        for array in arrays
    )


def _refuse_saturated(title: str, runs: Runs, side: int) -> None:
    """Raise ResNetError if most probabilities of an image are too small to show their logits."""
    for run in runs:
        if ((output(run[side]) > SMALLEST).mean(-1) < FEWEST_SHOWN).any():
            raise ResNetError(
                f"{title} ends in a softmax that is saturated on random images: most of its"
                " outputs are 0, whatever the logits are; export the network without its softmax"
            )
