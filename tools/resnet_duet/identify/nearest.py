"""The error for a file whose network is unknown: the nearest network, and what does not match it.

To compare a file with every array of every network in every dialect would take seconds. Most rows
of the zoo differ only in their depths, so the file is compared with their outlines first: networks
with at most three blocks per stage. Only those with the best outlines are compared completely.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import resnet_spec
from resnet_duet.errors import DialectError, FileError
from resnet_duet.identify.rows import (
    adapted,
    array_count,
    is_near,
    outline,
    size_counts,
    sizes,
    zoo_name,
)
from resnet_duet.identify.views import FileView
from resnet_duet.weights.dialect import Dialect, Shapes
from resnet_spec import ResNetSpec, WeightsError
from resnet_spec.errors import check_arrays
from resnet_spec.zoo import ZOO

MOST_CANDIDATES = 24  # networks that are compared completely


@dataclass(frozen=True)
class Candidate:
    """A network and a dialect that a file may have been meant to have."""

    spec: ResNetSpec
    dialect: Dialect


def no_match(
    shapes: Shapes, spec: ResNetSpec | str | None, dialects: Sequence[Dialect]
) -> FileError:
    """The error for arrays that match no network.

    Args:
        shapes: {array name: shape} of the file.
        spec: the network that the file should have; None if any network would do.
        dialects: the dialects that the file may have.
    """
    if spec is not None:
        how = "the arrays do not match"
        candidates = [
            _candidate(resnet_spec.get(spec), own, shapes)
            if isinstance(spec, str)
            else Candidate(spec, own)
            for own in dialects
        ]
    elif candidates := _by_names(shapes, dialects):
        how = "no known network matches; the nearest is"
    else:
        how = "no known network matches; the nearest, by shapes alone, is"
        candidates = _by_shapes(shapes, dialects)
    distances = [(_distance(shapes, candidate), candidate) for candidate in candidates]
    named = [(distance, candidate) for distance, candidate in distances if distance is not None]
    if not named:
        return FileError("no dialect has names for all layers of this network")
    _, nearest = min(named, key=lambda item: item[0])
    error = _weights_error(shapes, nearest)
    name = zoo_name(nearest.spec) or "the given spec"
    return FileError(
        f"{how} {name} in {nearest.dialect.name} naming: {error.counts}", error.details
    )


def _by_names(shapes: Shapes, dialects: Sequence[Dialect]) -> list[Candidate]:
    """The rows of the zoo that the file is probably nearest to, judged by their outlines."""
    estimates = []
    for own in dialects:
        shares = dict(_shares(FileView(shapes, own)))
        for row in ZOO.values():
            if share := shares.get(outline(row), 0.0):
                count = array_count(row)
                matched = min(share * count, len(shapes))
                estimates.append((count + len(shapes) - 2 * matched, row, own))
    estimates.sort(key=lambda item: item[0])
    return [_candidate(row, own, shapes) for _, row, own in estimates[:MOST_CANDIDATES]]


def _shares(file: FileView) -> Iterator[tuple[ResNetSpec, float]]:
    """(outline, share of its names and shapes that the file has), for each outline of the zoo."""
    outlines = {}
    for spec in dict.fromkeys(map(outline, ZOO.values())):
        plan = resnet_spec.plan(spec)
        try:
            outlines[spec] = plan, file.dialect.shapes(plan)
        except DialectError:
            continue
    plans = [plan for plan, _ in outlines.values()]
    known = {name for _, expected in outlines.values() for name in expected}
    if not plans or known.isdisjoint(file.normalized(plans[0])):
        return  # one look is enough at a file of thousands of foreign names
    for spec, (plan, expected) in outlines.items():
        common, equal = _in_common(file.normalized(plan), expected)
        yield spec, (common + equal) / (2 * len(expected))


def _by_shapes(shapes: Shapes, dialects: Sequence[Dialect]) -> list[Candidate]:
    """The row of the zoo with the most similar shapes, whatever the names and axis orders."""
    found = Counter(map(sizes, shapes.values()))

    def distance(row: ResNetSpec) -> int:
        expected = size_counts(row)
        return expected.total() + found.total() - 2 * (expected & found).total()

    nearest = min(ZOO.values(), key=distance)
    return [_candidate(nearest, own, shapes) for own in dialects]


def _candidate(row: ResNetSpec, dialect: Dialect, shapes: Shapes) -> Candidate:
    """A row of the zoo, with the file's image channels and classes if it has as many arrays."""
    return Candidate(adapted(row, dialect, shapes) if is_near(row, shapes) else row, dialect)


def _distance(shapes: Shapes, candidate: Candidate) -> int | None:
    """Number of missing, unexpected and misshapen arrays; None if the dialect lacks names."""
    plan = resnet_spec.plan(candidate.spec)
    try:
        expected = candidate.dialect.shapes(plan)
    except DialectError:
        return None
    found = FileView(shapes, candidate.dialect).normalized(plan)
    common, equal = _in_common(found, expected)
    return len(expected) + len(found) - common - equal


def _in_common(found: Shapes, expected: Shapes) -> tuple[int, int]:
    """(number of expected names that are found, how many of them have the expected shape)."""
    common = [name for name in expected if name in found]
    return len(common), sum(found[name] == expected[name] for name in common)


def _weights_error(shapes: Shapes, candidate: Candidate) -> WeightsError:
    """The complete comparison of a file with a candidate."""
    plan = resnet_spec.plan(candidate.spec)
    found = FileView(shapes, candidate.dialect).normalized(plan)
    try:
        check_arrays(found, candidate.dialect.shapes(plan))
    except WeightsError as error:
        return error
    raise AssertionError("these arrays do match")
