"""Hypothesis strategies for specs and image sizes. Needs the package hypothesis."""

from hypothesis import strategies as st

from resnet_spec import (
    Bias,
    BlockKind,
    NormKind,
    Ordering,
    Padding,
    PlaceBias,
    ProjectionInput,
    ProjectionNorm,
    ResNetSpec,
    Shortcut,
    ShortcutKind,
    ShortcutStride,
    Stem,
    StemPool,
    StrideBlock,
)

STRIDES = (1, 2, 4, 8, 16, 32)


@st.composite
def specs(draw: st.DrawFn) -> ResNetSpec:
    """A valid spec with few channels and any combination of choices."""
    block = draw(st.sampled_from(BlockKind))
    bottleneck = block is BlockKind.BOTTLENECK
    stages = draw(st.integers(1, 4))
    groups = draw(st.sampled_from([1, 1, 2, 3])) if bottleneck else 1
    channel = st.integers(1, 6)
    kind = draw(st.sampled_from(ShortcutKind))
    widths = draw(st.lists(channel, min_size=stages, max_size=stages))
    stem_channels = tuple(draw(st.lists(channel, min_size=1, max_size=3)))
    if kind.pads_channels:  # they cannot drop channels
        widths = sorted(widths)
        stem_channels = (*stem_channels[:-1], min(stem_channels[-1], widths[0]))
    pool = draw(st.sampled_from(StemPool))
    stem_stride = draw(st.integers(1, 3))
    total = stem_stride * (1 if pool is StemPool.NONE else 2)
    inputs = (stem_channels[-1], *(width * block.expansion for width in widths))
    may_group_1x1 = groups > 1 and all(channels % groups == 0 for channels in inputs)
    return ResNetSpec(
        block=block,
        depths=tuple(draw(st.lists(st.integers(1, 2), min_size=stages, max_size=stages))),
        widths=tuple(widths),
        groups=groups,
        width_per_group=draw(widths_per_group(widths)) if bottleneck else 64,
        groups_in_1x1=may_group_1x1 and draw(st.booleans()),
        stem=Stem(
            channels=stem_channels,
            kernel=draw(st.sampled_from([1, 3, 5, 7])),
            stride=stem_stride,
            pool=pool,
            bias=draw(st.sampled_from(PlaceBias)),
        ),
        norm=draw(st.sampled_from([NormKind.BATCH, *NormKind])),
        ordering=draw(st.sampled_from(Ordering)),
        shortcut=Shortcut(
            kind=kind,
            norm=draw(st.sampled_from(ProjectionNorm)),
            reads=draw(st.sampled_from(ProjectionInput)),
            stride_by=draw(st.sampled_from(ShortcutStride)),
            bias=draw(st.sampled_from(PlaceBias)),
            norm_eps=draw(st.sampled_from([None, 1e-5, 1.001e-5, 1e-3])),
        ),
        stride_in_1x1=draw(st.booleans()) if bottleneck else False,
        stride_block=draw(st.sampled_from(StrideBlock)),
        padding=draw(st.sampled_from(Padding)),
        output_stride=draw(
            st.sampled_from([None, *(s for s in (1, 2, 4, 8, 16, 32) if s >= total)])
        ),
        bias=draw(st.sampled_from(Bias)),
        norm_eps=draw(st.sampled_from([1e-5, 1.001e-5, 1e-3])),
        norm_decay=draw(st.sampled_from([0.9, 0.99])),
        in_channels=draw(st.integers(1, 4)),
        num_classes=draw(st.sampled_from([None, 1, 5])),
    )


def widths_per_group(widths: list[int]) -> st.SearchStrategy[int | tuple[int, ...]]:
    """One value for all stages or one for each, such that every stage has channels.

    Args:
        widths: of the stages.
    """

    def valid(width: int) -> st.SearchStrategy[int]:
        return st.sampled_from([n for n in (32, 64, 96, 128) if width * n >= 64])

    return st.one_of(valid(min(widths)), st.tuples(*map(valid, widths)))


def image_sizes() -> st.SearchStrategy[tuple[int, int]]:
    """(height, width) of images from 1 to 24 pixels."""
    return st.tuples(st.integers(1, 24), st.integers(1, 24))
