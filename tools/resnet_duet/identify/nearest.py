"""The error for a file whose network is unknown: its kind, or the nearest network if it is near.

To compare a file with every array of every network in every dialect would take seconds. Most rows
of the zoo differ only in their depths, so the file is compared with their outlines first: networks
with at most three blocks per stage. Only those with the best outlines are compared completely.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import resnet_spec
from resnet_duet.errors import DialectError, FileError
from resnet_duet.identify.refusals import content, recognise
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
NEAR = 0.8  # share of the arrays that a near network has


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
        candidates = [
            _candidate(resnet_spec.get(spec), own, shapes)
            if isinstance(spec, str)
            else Candidate(spec, own)
            for own in dialects
        ]
        return _compared(shapes, candidates, "the arrays do not match")
    if error := recognise(shapes):
        return error
    candidates = _by_names(shapes, dialects)
    if not candidates:
        row = _nearest_by_shapes(shapes)
        return _unknown_names(shapes, row) if _has_shapes(shapes, row) else _unknown(shapes)
    nearest = _nearest(shapes, candidates)
    if nearest is None or not _is_near(shapes, nearest):
        return _unknown(shapes)
    return _compared(shapes, [nearest], "no known network matches; the nearest is")


def _compared(shapes: Shapes, candidates: Sequence[Candidate], how: str) -> FileError:
    """The error that names the nearest candidate, and the arrays that do not match it."""
    nearest = _nearest(shapes, candidates)
    if nearest is None:
        return FileError("no dialect has names for all layers of this network")
    error = _weights_error(shapes, nearest)
    name = zoo_name(nearest.spec) or "the given spec"
    return FileError(
        f"{how} {name} in {nearest.dialect.name} naming: {error.counts}", error.details
    )


def _nearest(shapes: Shapes, candidates: Sequence[Candidate]) -> Candidate | None:
    """The candidate with the fewest arrays that do not match; None if no dialect names any."""
    distances = [(_distance(shapes, candidate), candidate) for candidate in candidates]
    named = [(distance, candidate) for distance, candidate in distances if distance is not None]
    return min(named, key=lambda item: item[0])[1] if named else None


def _is_near(shapes: Shapes, candidate: Candidate) -> bool:
    """Whether most of the names match, or most of the shapes."""
    plan = resnet_spec.plan(candidate.spec)
    expected = candidate.dialect.shapes(plan)
    common, _ = _in_common(FileView(shapes, candidate.dialect).normalized(plan), expected)
    enough = NEAR * max(len(expected), len(shapes))
    return common >= enough or _has_shapes(shapes, candidate.spec)


def _has_shapes(shapes: Shapes, row: ResNetSpec) -> bool:
    """Whether most of the file's shapes are those of this network, whatever the names."""
    found = Counter(map(sizes, shapes.values()))
    expected = size_counts(row)
    return (found & expected).total() >= NEAR * max(found.total(), expected.total())


def _unknown_names(shapes: Shapes, row: ResNetSpec) -> FileError:
    """The error for arrays with the shapes of a network and names that no dialect has."""
    found, expected = Counter(map(sizes, shapes.values())), size_counts(row)
    return FileError(
        f"no dialect has these names; by shapes alone, the nearest network is {zoo_name(row)}:"
        f" {(found & expected).total():,} of its {expected.total():,} arrays have its shapes;"
        " the names begin with:",
        shapes,
    )


def _unknown(shapes: Shapes) -> FileError:
    """The error for arrays of a network that is unknown and near to none that is known."""
    return FileError(
        f"no known network matches {len(shapes):,} arrays: {content(shapes)};"
        " `resnet-duet list` has the networks that can be read; the names begin with:",
        (f"{name} {tuple(shape)}" for name, shape in shapes.items()),
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


def _nearest_by_shapes(shapes: Shapes) -> ResNetSpec:
    """The row of the zoo with the most similar shapes, whatever the names and axis orders."""
    found = Counter(map(sizes, shapes.values()))

    def distance(row: ResNetSpec) -> int:
        expected = size_counts(row)
        return expected.total() + found.total() - 2 * (expected & found).total()

    return min(ZOO.values(), key=distance)


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
