"""The network of a checkpoint in no list: grown block by block while the file has the arrays.

Nothing is read out of names. A guess at the next part of the network is planned, the dialect names
its arrays, and the file has them or not; shapes tell the guess's numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import resnet_spec
from resnet_duet.errors import DialectError
from resnet_duet.port.dialect import Dialect, Shapes
from resnet_spec import (
    Bias,
    BlockKind,
    Ordering,
    Plan,
    ProjectionNorm,
    ResNetSpec,
    Role,
    Shortcut,
    ShortcutKind,
    ShortcutStride,
    SpecError,
    Stem,
    StemPool,
)
from resnet_spec.layers import Conv, Layer
from resnet_spec.slots import layer_slots

# Those that differ in their arrays; the other two orderings have the arrays of the first.
ORDERINGS = (Ordering.ORIGINAL, Ordering.FULL_PREACTIVATION, Ordering.NORM_AFTER_ADDITION)
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
STEM_LENGTHS = (1, 3, 2)
UNKNOWN = 1  # a number of a layer of which only the name is wanted
FEW_BLOCKS = 4  # with which the search for a stage's depth begins
MOST_BLOCKS = 4096  # of a stage; the deepest of the literature has 200


@dataclass(frozen=True)
class View:
    """A file's shapes under one dialect."""

    shapes: Shapes
    dialect: Dialect

    def of(self, plan: Plan) -> "Sight":
        """What the file has of a plan's layers."""
        spelt = self.dialect.spelt(self.shapes, plan)
        return Sight(spelt, self.dialect, self.dialect.layer_names(plan))


@dataclass(frozen=True)
class Sight:
    """A file's shapes, spelt as the dialect names the layers of one plan."""

    shapes: Shapes
    dialect: Dialect
    names: Mapping[str, str]

    def kernel(self, layer: Layer) -> dict[str, int] | None:
        """{axis letter: size} of the layer's kernel in the file; None if it has none."""
        slot = next(layer_slots(layer))
        name = self.names.get(layer.name)
        shape = self.shapes.get(self.dialect.array_name(name, Role.KERNEL)) if name else None
        axes = self.dialect.axes(slot)
        if shape is None or len(shape) != len(axes) or 0 in shape:
            return None
        return dict(zip(axes, shape, strict=True))

    def has(self, layer: Layer) -> bool:
        """Whether the file has all arrays of this layer, in its shapes."""
        slots = list(layer_slots(layer))
        name = self.names.get(layer.name)
        return not slots or (
            name is not None
            and all(
                self.shapes.get(self.dialect.array_name(name, slot.role))
                == self.dialect.shape(slot)
                for slot in slots
            )
        )


def infer(shapes: Shapes, dialect: Dialect) -> ResNetSpec | None:
    """A network whose arrays are exactly these; None if there is none in this dialect.

    What arrays do not show is as in `ResNetSpec`, and the stem as the literature has it for
    kernels of this size.
    """
    view = View(shapes, dialect)
    for stem, in_channels in _stems(view):
        for block, ordering, bias in product(BlockKind, ORDERINGS, Bias):
            base = ResNetSpec(
                block=block,
                depths=(1,),
                widths=(UNKNOWN,),
                stem=stem,
                ordering=ordering,
                bias=bias,
                in_channels=in_channels,
                num_classes=None,
            )
            if _first_block(view, base) is None:
                continue
            for shortcut in SHORTCUTS:
                spec = _grown(view, replace(base, shortcut=shortcut))
                if spec and (whole := _with_head(view, spec)):
                    return whole
    return None


def fits(shapes: Shapes, spec: ResNetSpec, dialect: Dialect) -> bool:
    """Whether the network's arrays are exactly these."""
    plan = resnet_spec.plan(spec)
    if len(resnet_spec.slots(plan)) != len(shapes):
        return False
    try:
        return dialect.shapes(plan) == dialect.spelt(shapes, plan)
    except DialectError:
        return False


def _stems(view: View) -> Iterator[tuple[Stem, int]]:
    """(stem, in_channels) by the kernels of its convolutions."""
    for length in STEM_LENGTHS:
        probe = ResNetSpec(
            block=BlockKind.BASIC, depths=(1,), widths=(UNKNOWN,), stem=Stem(channels=(1,) * length)
        )
        plan = resnet_spec.plan(probe)
        sight = view.of(plan)
        kernels = [sight.kernel(layer) for layer in plan.stem if isinstance(layer, Conv)]
        found = [kernel for kernel in kernels if kernel]
        if len(found) < length or found[0]["H"] % 2 == 0:
            continue
        size = found[0]["H"]
        is_small = length == 1 and size <= 3  # for CIFAR's images, which nothing shrinks
        yield (
            Stem(
                channels=tuple(kernel["O"] for kernel in found),
                kernel=size,
                stride=1 if is_small else 2,
                pool=StemPool.NONE if is_small else StemPool.MINUS_INFINITY,
            ),
            found[0]["I"],
        )


def _first_block(view: View, base: ResNetSpec) -> ResNetSpec | None:
    """`base` with one stage of one block, if stem, `pre` and branch are in the file."""
    spec = _with_stage(view, base, ())
    if spec is None:
        return None
    plan = resnet_spec.plan(spec)
    sight = view.of(plan)
    block = plan.stages[0].blocks[0]
    return spec if all(map(sight.has, (*plan.stem, *block.pre, *block.branch))) else None


def _grown(view: View, base: ResNetSpec) -> ResNetSpec | None:
    """`base` with all stages that the file has."""
    spec = base
    depths: tuple[int, ...] = ()
    while longer := _with_stage(view, spec, depths):
        depth = _depth(view, longer)
        if depth == 0 and depths[-1:] > (1,):
            # Where names are mere numbers, a stage may have taken the next one's first block.
            shorter = replace(spec, depths=(*depths[:-1], depths[-1] - 1))
            longer = _with_stage(view, shorter, shorter.depths) or longer
            depths, depth = shorter.depths, _depth(view, longer)
        if depth == 0:
            return None
        depths = (*depths, depth)
        spec = replace(longer, depths=depths)
    return spec if depths else None


def _with_stage(view: View, spec: ResNetSpec, depths: tuple[int, ...]) -> ResNetSpec | None:
    """The network with one stage of one block more, as wide as its kernels say."""
    widths, per_group = spec.widths[: len(depths)], _per_group(spec, len(depths))
    probe = replace(
        spec,
        depths=(*depths, 1),
        widths=(*widths, UNKNOWN),
        groups=1,
        width_per_group=64,
    )
    plan = resnet_spec.plan(probe)
    sight = view.of(plan)
    convs = [x for x in plan.stages[-1].blocks[0].branch if isinstance(x, Conv)]
    kernels = [kernel for conv in convs if (kernel := sight.kernel(conv))]
    if len(kernels) < len(convs):
        return None
    width, rest = divmod(kernels[-1]["O"], spec.block.expansion)
    inner, middle = kernels[0]["O"], kernels[len(kernels) // 2]
    if rest or not width:
        return None
    if spec.block is BlockKind.BASIC:
        return replace(spec, depths=(*depths, 1), widths=(*widths, width))
    groups = max(1, inner // middle["I"])
    own = -(-(inner // groups) * 64 // width)
    try:
        return replace(
            spec,
            depths=(*depths, 1),
            widths=(*widths, width),
            groups=groups,
            width_per_group=(*per_group, own),
        )
    except SpecError:  # a width of no whole number of groups
        return None


def _per_group(spec: ResNetSpec, stages: int) -> tuple[int, ...]:
    """The width per group of each of the first stages."""
    own = spec.width_per_group
    return own[:stages] if isinstance(own, tuple) else (own,) * stages


def _depth(view: View, spec: ResNetSpec) -> int:
    """How many blocks of the last stage the file has.

    A plan of enough blocks shows at once how many there are. Only where a block's name depends on
    how many follow it, as Caffe's do, that many may be too many: then it is searched by halves.
    """
    low, high = 0, FEW_BLOCKS
    while (found := _leading_blocks(view, spec, high)) == high <= MOST_BLOCKS:
        low, high = high, 2 * high
    if found > low and _leading_blocks(view, spec, found) == found:
        return found
    while high - low > 1:
        middle = (low + high) // 2
        if _leading_blocks(view, spec, middle) == middle:
            low = middle
        else:
            high = middle
    return low


def _leading_blocks(view: View, spec: ResNetSpec, depth: int) -> int:
    """How many blocks the file has, from the first on, of a last stage of so many."""
    plan = resnet_spec.plan(replace(spec, depths=(*spec.depths[:-1], depth)))
    sight = view.of(plan)
    blocks = plan.stages[-1].blocks
    present = (all(map(sight.has, block.layers())) for block in blocks)
    return next((count for count, is_there in enumerate(present) if not is_there), depth)


def _with_head(view: View, spec: ResNetSpec) -> ResNetSpec | None:
    """The network with the file's classifier, or without one; None if more arrays are left."""
    plan = resnet_spec.plan(replace(spec, num_classes=UNKNOWN))
    kernel = view.of(plan).kernel(plan.head[-1])
    whole = replace(spec, num_classes=kernel["O"] if kernel else None)
    return whole if fits(view.shapes, whole, view.dialect) else None
