"""Infers any network, in the zoo or not, from the names and shapes of its arrays."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import resnet_spec
from resnet_duet.errors import DialectError
from resnet_duet.identify.biases import with_biases
from resnet_duet.identify.grow import UNKNOWN, first_block, grown, stems
from resnet_duet.identify.rows import array_count
from resnet_duet.identify.views import FileView
from resnet_duet.weights.dialect import Dialect, Shapes
from resnet_spec import (
    Bias,
    BlockKind,
    NormKind,
    Ordering,
    ProjectionNorm,
    ResNetSpec,
    Shortcut,
    ShortcutKind,
    ShortcutStride,
)
from resnet_spec.structure import Chain

# Orderings with different arrays; the other two have the arrays of the first.
ORDERINGS = (Ordering.ORIGINAL, Ordering.FULL_PREACTIVATION, Ordering.NORM_AFTER_ADDITION)
PLAIN = Shortcut(kind=ShortcutKind.NONE)
SHORTCUTS = tuple(
    Shortcut(kind=kind, norm=norm, stride_by=stride_by)
    for kind, norm, stride_by in product(
        (
            ShortcutKind.PROJECTION_ON_CHANGE,
            ShortcutKind.PROJECTION_ON_GROWTH,
            ShortcutKind.NONE,
            ShortcutKind.PROJECTION_ALWAYS,
        ),
        (ProjectionNorm.BY_ORDERING, ProjectionNorm.NEVER, ProjectionNorm.ALWAYS),
        (ShortcutStride.CONV, ShortcutStride.AVG_POOL),
    )
    if kind is not ShortcutKind.NONE or (norm, stride_by) == ("by_ordering", "conv")
)


def infer(shapes: Shapes, dialect: Dialect) -> ResNetSpec | None:
    """The network with exactly these arrays; None if there is none in this dialect.

    Choices that leave no trace in the arrays have the defaults of `ResNetSpec`. The stem's stride
    and pool are those that the literature has for kernels of its size.

    Args:
        shapes: {array name: shape} of all arrays of the file.
        dialect: names and layouts of the arrays.
    """
    file = FileView(shapes, dialect)
    return next((spec for spec in inferred(file) if _has_all_arrays(file, spec)), None)


def inferred(file: FileView) -> Iterator[ResNetSpec]:
    """The networks whose layers a file has. Their arrays may be only some of the file's."""
    norm = NormKind.BATCH if file.has_norms() else NormKind.NONE
    for stem, in_channels in stems(file):
        for block, ordering in product(BlockKind, ORDERINGS):
            base = ResNetSpec(
                block=block,
                depths=(1,),
                widths=(UNKNOWN,),
                stem=stem,
                norm=norm,
                ordering=ordering,
                shortcut=PLAIN,
                bias=Bias.NEVER,  # a network grows whether or not the file has biases as well
                in_channels=in_channels,
                num_classes=None,
            )
            if first_block(file, base) is not None:
                yield from _candidates(file, base)


def matches(shapes: Shapes, spec: ResNetSpec, dialect: Dialect) -> bool:
    """Whether the network has exactly these arrays."""
    plan = resnet_spec.plan(spec)
    if len(resnet_spec.array_specs(plan)) != len(shapes):
        return False
    try:
        return dialect.shapes(plan) == dialect.normalized_shapes(shapes, plan)
    except DialectError:
        return False


def _has_all_arrays(file: FileView, spec: ResNetSpec) -> bool:
    """`matches`, but a wrong number of arrays is found without planning the whole network."""
    return array_count(spec) == len(file.shapes) and matches(file.shapes, spec, file.dialect)


def _candidates(file: FileView, base: ResNetSpec) -> Iterator[ResNetSpec]:
    """The networks with this stem, block and ordering that the file may contain."""
    for shortcuts in _with_equal_names(file.dialect, base):
        # Where a projection changes no other name, the branches alone show depths and widths.
        grows_by = PLAIN if PLAIN in shortcuts else shortcuts[0]
        if spec := grown(file, replace(base, shortcut=grows_by)):
            yield from with_biases(file, _with_head(file, spec), shortcuts)


def _with_equal_names(dialect: Dialect, base: ResNetSpec) -> list[list[Shortcut]]:
    """The shortcuts, grouped by the names of all other layers.

    There is one group, unless projections change the names of later layers, as Keras' counters do.
    """
    groups: dict[object, list[Shortcut]] = {}
    for shortcut in SHORTCUTS:
        # With a stage that grows, one that only strides, and blocks that do neither.
        widths = (UNKNOWN, 2 * UNKNOWN, 2 * UNKNOWN)
        probe = replace(base, depths=(2, 2, 2), widths=widths, shortcut=shortcut)
        plan = resnet_spec.plan(probe)
        names = dialect.layer_names(plan)
        own = [n.name for n in plan.walk() if n.layer and n.chain is not Chain.SHORTCUT]
        groups.setdefault(tuple(map(names.get, own)), []).append(shortcut)
    return list(groups.values())


def _with_head(file: FileView, spec: ResNetSpec) -> ResNetSpec:
    """The network with the classifier of the file, or without one."""
    plan = resnet_spec.plan(replace(spec, num_classes=UNKNOWN))
    kernel = file.of(plan).kernel(plan.head[-1])
    return replace(spec, num_classes=kernel["O"] if kernel else None)
