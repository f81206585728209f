"""Grows a network block by block while a file has the arrays of the next block.

Names are never parsed. A guess for the next block is planned, the dialect names its arrays, and the
file has them or not. Widths, kernel sizes and groups come from the shapes.
"""

from collections.abc import Iterator
from dataclasses import replace

import resnet_spec
from resnet_duet.identify.views import FileView
from resnet_spec import BlockKind, ResNetSpec, SpecError, Stem, StemPool
from resnet_spec.layers import Conv

STEM_LENGTHS = (1, 3, 2)
UNKNOWN = 1  # a size that is not known yet, of a layer whose name is looked up
FEW_BLOCKS = 4  # the first guess for a stage's depth
MOST_BLOCKS = 4096  # of a stage; the deepest of the literature has 200


def stems(file: FileView) -> Iterator[tuple[Stem, int]]:
    """(stem, in_channels) that fit the kernels of the file, one for each possible length."""
    for length in STEM_LENGTHS:
        probe = ResNetSpec(
            block=BlockKind.BASIC, depths=(1,), widths=(UNKNOWN,), stem=Stem(channels=(1,) * length)
        )
        plan = resnet_spec.plan(probe)
        view = file.of(plan)
        kernels = [view.kernel(layer) for layer in plan.stem if isinstance(layer, Conv)]
        found = [kernel for kernel in kernels if kernel]
        if len(found) < length or found[0]["H"] % 2 == 0:
            continue
        size = found[0]["H"]
        is_small = length == 1 and size <= 3  # for CIFAR's images, which the stem does not shrink
        yield (
            Stem(
                channels=tuple(kernel["O"] for kernel in found),
                kernel=size,
                stride=1 if is_small else 2,
                pool=StemPool.NONE if is_small else StemPool.MINUS_INFINITY,
            ),
            found[0]["I"],
        )


def first_block(file: FileView, base: ResNetSpec) -> ResNetSpec | None:
    """`base` with one stage of one block; None unless the file has its stem, `pre` and branch."""
    spec = _with_stage(file, base, ())
    if spec is None:
        return None
    plan = resnet_spec.plan(spec)
    view = file.of(plan)
    block = plan.stages[0].blocks[0]
    return spec if all(map(view.has, (*plan.stem, *block.pre, *block.branch))) else None


def grown(file: FileView, base: ResNetSpec) -> ResNetSpec | None:
    """`base` with all stages that the file has; None if a stage is incomplete."""
    spec = base
    depths: tuple[int, ...] = ()
    while longer := _with_stage(file, spec, depths):
        depth = _depth(file, longer)
        if depth == 0 and depths[-1:] > (1,):
            # If layers are only numbered, the last stage may include the next one's first block.
            shorter = replace(spec, depths=(*depths[:-1], depths[-1] - 1))
            longer = _with_stage(file, shorter, shorter.depths) or longer
            depths, depth = shorter.depths, _depth(file, longer)
        if depth == 0:
            return None
        depths = (*depths, depth)
        spec = replace(longer, depths=depths)
    return spec if depths else None


def _with_stage(file: FileView, spec: ResNetSpec, depths: tuple[int, ...]) -> ResNetSpec | None:
    """The network with one more stage of one block, its width taken from the kernels."""
    widths, per_group = spec.widths[: len(depths)], _per_group(spec, len(depths))
    probe = replace(
        spec,
        depths=(*depths, 1),
        widths=(*widths, UNKNOWN),
        groups=1,
        width_per_group=64,
        groups_in_1x1=False,
    )
    plan = resnet_spec.plan(probe)
    view = file.of(plan)
    convs = [x for x in plan.stages[-1].blocks[0].branch if isinstance(x, Conv)]
    kernels = [kernel for conv in convs if (kernel := view.kernel(conv))]
    if len(kernels) < len(convs):
        return None
    width, rest = divmod(kernels[-1]["O"], spec.block.expansion)
    inner, middle = kernels[0]["O"], kernels[len(kernels) // 2]
    if rest or not width:
        return None
    if spec.block is BlockKind.BASIC:
        return replace(spec, depths=(*depths, 1), widths=(*widths, width))
    groups = max(1, inner // middle["I"])
    is_grouped = groups > 1 and kernels[0]["I"] * groups == convs[0].in_channels
    own = -(-(inner // groups) * 64 // width)
    try:
        return replace(
            spec,
            depths=(*depths, 1),
            widths=(*widths, width),
            groups=groups,
            width_per_group=(*per_group, own),
            groups_in_1x1=is_grouped,
        )
    except SpecError:  # channels are not a multiple of the groups
        return None


def _per_group(spec: ResNetSpec, stages: int) -> tuple[int, ...]:
    """The width per group of each of the first stages."""
    own = spec.width_per_group
    return own[:stages] if isinstance(own, tuple) else (own,) * stages


def _depth(file: FileView, spec: ResNetSpec) -> int:
    """Number of blocks that the last stage has in the file.

    A plan of more blocks than the file has shows how many of them are there. But the names of
    blocks may depend on their number, as Caffe's do; then the number is found by bisection.
    """
    low, high = 0, FEW_BLOCKS
    while (found := _leading_blocks(file, spec, high)) == high <= MOST_BLOCKS:
        low, high = high, 2 * high
    if found > low and _leading_blocks(file, spec, found) == found:
        return found
    while high - low > 1:
        middle = (low + high) // 2
        if _leading_blocks(file, spec, middle) == middle:
            low = middle
        else:
            high = middle
    return low


def _leading_blocks(file: FileView, spec: ResNetSpec, depth: int) -> int:
    """Number of leading blocks that the file has, if the last stage is planned with `depth`."""
    plan = resnet_spec.plan(replace(spec, depths=(*spec.depths[:-1], depth)))
    view = file.of(plan)
    blocks = plan.stages[-1].blocks
    present = (all(map(view.has, block.layers())) for block in blocks)
    return next((count for count, is_there in enumerate(present) if not is_there), depth)
