"""Grows networks from the sequence of kernel shapes of a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import groupby, pairwise, product

from resnet_duet.weights.arrays import Shape
from resnet_spec import (
    BlockKind,
    NormKind,
    Ordering,
    ProjectionNorm,
    ResNetSpec,
    Shortcut,
    ShortcutKind,
    SpecError,
    Stem,
    StemPool,
)
from resnet_spec.rules import override

STEM_LENGTHS = (1, 2, 3)
# Orderings with different arrays; the other two have the arrays of the first.
ORDERINGS = (Ordering.ORIGINAL, Ordering.FULL_PREACTIVATION, Ordering.NORM_AFTER_ADDITION)


class Place(Enum):
    """The position of a projection among the convolutions of its block."""

    FIRST = auto()
    BEFORE_LAST = auto()
    LAST = auto()


@dataclass(frozen=True)
class _Block:
    """The kernels of a block: (O, I, size) of its branch and of its projection."""

    branch: tuple[Shape, ...]
    projection: Shape | None

    @property
    def out_channels(self) -> int:
        return self.branch[-1][0]

    @property
    def mid_channels(self) -> int:
        return self.branch[0][0]


def networks(kernels: Sequence[Shape], num_classes: int | None) -> Iterator[ResNetSpec]:
    """The networks whose convolutions may have these kernels, in one of the orders of files.

    Choices that leave no trace in the arrays have the defaults of `ResNetSpec`.

    Args:
        kernels: (O, I, size) of each convolution in the file's order.
        num_classes: of the classifier; None without one.
    """
    seen: set[ResNetSpec] = set()
    for length, kind, place in product(STEM_LENGTHS, BlockKind, Place):
        stem = kernels[:length]
        if len(stem) < length or not _is_stem(stem):
            continue
        blocks = _blocks(kernels[length:], kind, place)
        if not blocks:
            continue
        for spec in _specs(stem, blocks, kind, num_classes):
            if spec not in seen:
                seen.add(spec)
                yield spec


def _is_stem(kernels: Sequence[Shape]) -> bool:
    """Whether convolutions of one kernel size run one after the other without groups."""
    sizes = {size for *_, size in kernels}
    return len(sizes) == 1 and all(a[0] == b[1] for a, b in pairwise(kernels))


def _blocks(kernels: Sequence[Shape], kind: BlockKind, place: Place) -> list[_Block]:
    """The kernels cut into blocks; an empty list if they do not fit."""
    blocks: list[_Block] = []
    rest = list(kernels)
    while rest:
        length = len(kind.kernels)
        projects = _projects(rest, kind, place)
        own, rest = rest[: length + projects], rest[length + projects :]
        if len(own) < length + projects:
            return []
        at = {Place.FIRST: 0, Place.BEFORE_LAST: length - 1, Place.LAST: length}[place]
        projection = own.pop(at) if projects else None
        if [size for *_, size in own] != list(kind.kernels):
            return []
        blocks.append(_Block(tuple(own), projection))
    return blocks


def _projects(rest: Sequence[Shape], kind: BlockKind, place: Place) -> bool:
    """Whether the next block has a projection: its place is that of one more 1x1 kernel."""
    sizes = [size for *_, size in rest]
    expected = list(kind.kernels)
    at = {Place.FIRST: 0, Place.BEFORE_LAST: len(expected) - 1, Place.LAST: len(expected)}[place]
    with_projection = [*expected[:at], 1, *expected[at:]]
    if sizes[: len(with_projection)] != with_projection:
        return False
    # A bottleneck may be followed by the first 1x1 of the next one: then a 3x3 comes after it.
    after = sizes[len(with_projection) : len(with_projection) + 1]
    return expected[0] == 3 or place is Place.FIRST or after != [3]


def _specs(
    stem: Sequence[Shape], blocks: Sequence[_Block], kind: BlockKind, num_classes: int | None
) -> Iterator[ResNetSpec]:
    """The specs with these kernels: one for each ordering and each norm of projections."""
    stages = _stages(blocks)
    shortcut_kind = _shortcut_kind(stem[-1][0], stages)
    widths = [stage[0].out_channels for stage in stages]
    if shortcut_kind is None or any(width % kind.expansion for width in widths):
        return
    projects = any(block.projection for block in blocks)
    norms = tuple(ProjectionNorm) if projects else (ProjectionNorm.BY_ORDERING,)
    size = stem[0][2]
    is_small = len(stem) == 1 and size <= 3  # for CIFAR's images, which the stem does not shrink
    base = ResNetSpec(
        block=kind,
        depths=tuple(len(stage) for stage in stages),
        widths=tuple(width // kind.expansion for width in widths),
        stem=Stem(
            channels=tuple(out for out, *_ in stem),
            kernel=size,
            stride=1 if is_small else 2,
            pool=StemPool.NONE if is_small else StemPool.MINUS_INFINITY,
        ),
        in_channels=stem[0][1],
        num_classes=num_classes,
    )
    try:
        base = override(base, _groups(stem[-1][0], stages, kind))
        base = replace(base, shortcut=Shortcut(kind=shortcut_kind))
    except SpecError:  # such as channels that are not a multiple of the groups
        return
    yield replace(base, norm=NormKind.NONE)
    for ordering, norm in product(ORDERINGS, norms):
        yield replace(base, ordering=ordering, shortcut=replace(base.shortcut, norm=norm))


def _groups(
    channels: int, stages: Sequence[Sequence[_Block]], kind: BlockKind
) -> Mapping[str, object]:
    """The choices of groups and inner widths, for a first block that reads these channels."""
    if kind is BlockKind.BASIC:
        return {}
    first = stages[0][0]
    groups = max(1, first.mid_channels // first.branch[1][1])
    return {
        "groups": groups,
        "groups_in_1x1": groups > 1 and first.branch[0][1] * groups == channels,
        "width_per_group": tuple(
            -(-(stage[0].mid_channels // groups) * 64 // (stage[0].out_channels // kind.expansion))
            for stage in stages
        ),
    }


def _stages(blocks: Sequence[_Block]) -> list[list[_Block]]:
    """Consecutive blocks of equal channels. A projection begins a stage unless all blocks have one.

    Example: a stage with the channels of the stage before it, which begins with a projection that
    strides.
    """
    always = all(block.projection for block in blocks)
    numbered = []
    stage = 0
    for last, block in pairwise((None, *blocks)):
        assert block is not None, "the first of a pair alone is None"
        if last is not None:
            grew = (last.out_channels, last.mid_channels) != (
                block.out_channels,
                block.mid_channels,
            )
            stage += grew or (block.projection is not None and not always)
        numbered.append((stage, block))
    return [[block for _, block in own] for _, own in groupby(numbered, key=lambda item: item[0])]


def _shortcut_kind(channels: int, stages: Sequence[Sequence[_Block]]) -> ShortcutKind | None:
    """The kind of shortcut with projections in exactly these blocks; None if there is none."""
    projects, grows, changes = [], [], []
    for i, stage in enumerate(stages):
        for position, block in enumerate(stage):
            projects.append(block.projection is not None)
            grows.append(channels != block.out_channels)
            changes.append(grows[-1] or (i > 0 and position == 0))
            channels = block.out_channels
    if not any(projects) and any(grows):
        return ShortcutKind.ZERO_PAD_BOTH_SIDES
    if projects == changes:
        return ShortcutKind.PROJECTION_ON_CHANGE
    if projects == grows:
        return ShortcutKind.PROJECTION_ON_GROWTH
    return ShortcutKind.PROJECTION_ALWAYS if all(projects) else None
