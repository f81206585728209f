"""An outline of a graph -> the specs that it may be. A comparison with the graph decides."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, product
from math import prod

from resnet_duet.identify.by_graph.blocks import OPS, AnyLayer, FoundBlock, Outline, is_classifier
from resnet_spec import (
    Bias,
    BlockKind,
    Ordering,
    Padding,
    ProjectionInput,
    ProjectionNorm,
    ResNetSpec,
    Shortcut,
    ShortcutKind,
    ShortcutStride,
    SpecError,
    Stem,
    StemPool,
    StrideBlock,
)
from resnet_spec.choices import NormKind, Op, PlaceBias
from resnet_spec.layers import AvgPool, Conv, Dense, MaxPool, Norm, ZeroPadChannels

PROJECTIONS = (
    ShortcutKind.PROJECTION_ON_CHANGE,
    ShortcutKind.PROJECTION_ON_GROWTH,
    ShortcutKind.PROJECTION_ALWAYS,
)
UNIT = 64  # torchvision's `width_per_group` of a plain ResNet


@dataclass(frozen=True)
class _Stage:
    """Consecutive blocks of the same width."""

    depth: int
    width: int
    width_per_group: int


def candidates(outline: Outline) -> Iterator[ResNetSpec]:
    """The specs that agree with what an outline shows, the most common choices first."""
    base = _base(outline)
    if base is None:
        return
    orderings = [x for x in Ordering if _has_ops(outline, replace(base, ordering=x))]
    strides = _output_strides(outline, base)
    for output_stride, ordering, stride_block in product(strides, orderings, StrideBlock):
        stages = _stages(outline.blocks, base.block, stride_block)
        if stages is None:
            continue
        for stem, shortcut in product(_stems(base.stem), _shortcuts(outline, base, ordering)):
            try:
                yield replace(
                    base,
                    depths=tuple(stage.depth for stage in stages),
                    widths=tuple(stage.width for stage in stages),
                    width_per_group=tuple(stage.width_per_group for stage in stages),
                    ordering=ordering,
                    stride_block=stride_block,
                    output_stride=output_stride,
                    stem=stem,
                    shortcut=shortcut,
                )
            except SpecError:
                continue


def _base(outline: Outline) -> ResNetSpec | None:
    """The choices that single layers show. Depths and widths are those of one block."""
    stem_convs = [layer for layer in outline.stem if isinstance(layer, Conv)]
    convs = [block.convs for block in outline.blocks]
    kinds = [x for x in BlockKind if all(_kernels(own) == x.kernels for own in convs)]
    if not stem_convs or not kinds:
        return None
    branch = [conv for own in convs for conv in own]
    norms = [x for x in _all_layers(outline) if isinstance(x, Norm)]
    pools = [layer for layer in outline.stem if isinstance(layer, MaxPool)]
    strides = [conv for conv in (*stem_convs, *branch) if conv.stride > 1 and conv.kernel > 1]
    same = any(conv.padding is Padding.SAME for conv in strides)
    grouped = [own[0].groups > 1 for own in convs]
    middle = convs[0][len(convs[0]) // 2]
    try:
        return ResNetSpec(
            block=kinds[0],
            depths=(1,),
            widths=(1,),
            groups=middle.groups,
            width_per_group=UNIT,
            groups_in_1x1=all(grouped),
            stem=Stem(
                channels=tuple(conv.out_channels for conv in stem_convs),
                kernel=stem_convs[0].kernel,
                stride=stem_convs[0].stride,
                pool=StemPool(pools[0].padding) if pools else StemPool.NONE,
                bias=PlaceBias(_bias(stem_convs)),
            ),
            norm=NormKind.BATCH if norms else NormKind.NONE,
            stride_in_1x1=any(own[0].stride > 1 and own[0].kernel == 1 for own in convs),
            padding=Padding.SAME if same else Padding.SYMMETRIC,
            bias=_bias(branch),
            norm_eps=Counter(norm.eps for norm in norms).most_common(1)[0][0] if norms else 1e-5,
            in_channels=stem_convs[0].in_channels,
            num_classes=_classes(outline),
        )
    except (SpecError, ValueError):
        return None


def _output_strides(outline: Outline, base: ResNetSpec) -> tuple[int | None, ...]:
    """None for a network that strides in every stage; else the largest stride.

    A stage of one block may dilate without a trace: its kernels keep the dilation from before.
    """
    branch = [conv for block in outline.blocks for conv in block.convs]
    total = base.stem.total_stride * prod(conv.stride for conv in branch)
    dilates = any(conv.dilation > 1 for conv in branch)
    return (total, None) if dilates else (None, total)


def _kernels(convs: Iterable[Conv]) -> tuple[int, ...]:
    return tuple(conv.kernel for conv in convs)


def _all_layers(outline: Outline) -> Iterator[AnyLayer]:
    """The layers that have the network's own epsilon: all but those of shortcuts."""
    yield from outline.stem
    for block in outline.blocks:
        yield from (*block.gap, *block.branch)
    yield from outline.tail


def _classes(outline: Outline) -> int | None:
    if not is_classifier(outline.head):
        return None
    dense = outline.head[-1].layer
    return dense.out_features if isinstance(dense, Dense) else None


def _bias(convs: Iterable[Conv]) -> Bias:
    """Which of some convolutions have a bias."""
    flags = {conv.bias for conv in convs}
    if len(flags) > 1:
        return Bias.WITHOUT_NORM
    return Bias.ALWAYS if True in flags else Bias.NEVER


def _stems(stem: Stem) -> Iterator[Stem]:
    """The stem with its biases by the rule of the branches, then by its own."""
    yield replace(stem, bias=PlaceBias.AS_BRANCH)
    yield stem


def _has_ops(outline: Outline, spec: ResNetSpec) -> bool:
    """Whether the operations around the first sum are those of the spec's ordering."""
    first = outline.blocks[0]
    last = max(i for i, layer in enumerate(first.branch) if isinstance(layer, Conv))
    end = _ops(first.branch[last + 1 :])
    if len(outline.blocks) > 1:
        following = outline.blocks[1]
        lead = next(i for i, layer in enumerate(following.branch) if isinstance(layer, Conv))
        after = _ops((*following.gap, *following.branch[:lead]))
    else:
        after = _ops(outline.tail)
    ops = spec.ops
    if first.shortcut is None:  # a chain: what would be the sum leaves no trace
        return end == (*ops.branch_end, *ops.post, *ops.pre)
    return (end, after) == (ops.branch_end, (*ops.post, *ops.pre))


def _ops(layers: Iterable[AnyLayer]) -> tuple[Op | None, ...]:
    return tuple(OPS.get(type(layer)) for layer in layers)


def _stages(
    blocks: tuple[FoundBlock, ...], kind: BlockKind, stride_block: StrideBlock
) -> list[_Stage] | None:
    """The blocks, divided where a block strides or the channels change."""
    starts = [0]
    for i in range(1, len(blocks)):
        before, own = blocks[i - 1].convs, blocks[i].convs
        striding = own if stride_block is StrideBlock.FIRST else before
        sizes = [(convs[0].out_channels, convs[-1].out_channels) for convs in (before, own)]
        if any(conv.stride > 1 for conv in striding) or sizes[0] != sizes[1]:
            starts.append(i)
    stages = []
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        convs = blocks[start].convs
        width, rest = divmod(convs[-1].out_channels, kind.expansion)
        if rest or not width:
            return None
        per_group = UNIT
        if kind is BlockKind.BOTTLENECK:
            inner = convs[0].out_channels // convs[1].groups
            per_group = -(-inner * UNIT // width)
        stages.append(_Stage(end - start, width, per_group))
    return stages


def _shortcuts(outline: Outline, base: ResNetSpec, ordering: Ordering) -> Iterator[Shortcut]:
    """The shortcuts that the layers of the blocks' shortcuts allow."""
    chains = [block.shortcut for block in outline.blocks if block.shortcut is not None]
    if not chains:
        yield Shortcut(kind=ShortcutKind.NONE)
        return
    layers = [layer for chain in chains for layer in chain]
    pads = [layer for layer in layers if isinstance(layer, ZeroPadChannels)]
    convs = [layer for layer in layers if isinstance(layer, Conv)]
    norms = [layer for layer in layers if isinstance(layer, Norm)]
    averages = any(isinstance(layer, AvgPool) for layer in layers)
    own = [ProjectionNorm.ALWAYS if norms else ProjectionNorm.NEVER] if convs else []
    drops = any(type(a) is MaxPool and type(b) is Conv for x in chains for a, b in pairwise(x))
    strides = ShortcutStride.MAX_POOL if drops else ShortcutStride.CONV
    pre = bool(replace(base, ordering=ordering).ops.pre)
    zero = ShortcutKind.ZERO_PAD_BOTH_SIDES if any(p.before for p in pads) else None
    kinds = (zero or ShortcutKind.ZERO_PAD_END,) if pads else PROJECTIONS
    reads = (
        (
            ProjectionInput.PREACTIVATION,
            ProjectionInput.BLOCK_INPUT,
            ProjectionInput.PREACTIVATION_IN_FIRST,
        )
        if pre and convs
        else (ProjectionInput.PREACTIVATION,)
    )
    biases = [PlaceBias.AS_BRANCH, *([PlaceBias(_bias(convs))] if convs else [])]
    for kind, norm, bias, read in product(kinds, [ProjectionNorm.BY_ORDERING, *own], biases, reads):
        yield Shortcut(
            kind=kind,
            norm=norm,
            reads=read,
            stride_by=ShortcutStride.AVG_POOL if averages else strides,
            bias=bias,
            norm_eps=norms[0].eps if norms else None,
        )
