"""spec -> plan: every rule of channels, strides, padding, shortcuts and names, and no other place.

The rules are torchvision's where torchvision has the network, else timm's, else the paper's.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from resnet_spec.choices import (
    Bias,
    Padding,
    ProjectionInput,
    ProjectionNorm,
    ShortcutKind,
    ShortcutStride,
    StemPool,
    Step,
    StrideBlock,
)
from resnet_spec.layers import (
    AvgPool,
    Block,
    Conv,
    Dense,
    GlobalAvgPool,
    Layer,
    Layers,
    MaxPool,
    Norm,
    Plan,
    Relu,
    Stage,
    ZeroPadChannels,
)
from resnet_spec.spec import ResNetSpec
from resnet_spec.zoo import get

BETWEEN = (Step.NORM, Step.RELU)  # two convolutions of a branch or a deep stem

# torchvision's words for the steps within a block and behind the stem, timm's before the head
KINDS = {Step.NORM: "bn", Step.RELU: "relu"}
STEM_NAMES = {Step.NORM: "bn1", Step.RELU: "relu"}
HEAD_NAMES = {Step.NORM: "norm", Step.RELU: "act"}


@dataclass(frozen=True)
class Site:
    """Where a block stands: what comes in, what goes out, and how it strides.

    Attributes:
        first: whether it is the first block of the network.
        inner_channels: between the convolutions of the branch.
        nominal_stride: what the block would stride by if no stage dilated. The shortcut is chosen
            by it, so that the output stride never changes which weights a network has.
        stride: what it strides by.
        dilation_before, dilation_after: of the kernels up to the one that strides (or would), and
            of those behind it: they read a grid that was not thinned out, in wider steps.
    """

    first: bool
    in_channels: int
    inner_channels: int
    out_channels: int
    nominal_stride: int
    stride: int
    dilation_before: int
    dilation_after: int


def plan(network: ResNetSpec | Plan | str) -> Plan:
    """Resolve a network: every channel, stride, padding and name of it.

    Args:
        network: a spec, a name of the zoo, or a plan, which is its own.
    """
    if isinstance(network, Plan):
        return network
    return _resolved(get(network) if isinstance(network, str) else network)


@lru_cache(maxsize=256)
def _resolved(spec: ResNetSpec) -> Plan:
    sites = list(_sites(spec))
    return Plan(spec, tuple(_stem(spec)), tuple(_stages(spec, sites)), tuple(_head(spec)))


def _sites(spec: ResNetSpec) -> Iterator[list[Site]]:
    channels, total_stride, dilation = spec.stem.channels[-1], spec.stem.total_stride, 1
    stages = zip(spec.depths, spec.inner_channels, spec.stage_channels, strict=True)
    for index, (depth, inner, out) in enumerate(stages):
        stage = []
        for position in range(depth):
            nominal = 2 if _strides(spec, index, position) else 1
            stride = nominal if total_stride * nominal <= spec.output_stride else 1
            after = dilation * nominal // stride
            first = index == position == 0
            stage.append(Site(first, channels, inner, out, nominal, stride, dilation, after))
            channels, total_stride, dilation = out, total_stride * stride, after
        yield stage


def _strides(spec: ResNetSpec, stage: int, position: int) -> bool:
    """Whether this block takes the stride between two stages."""
    if spec.stride_block is StrideBlock.FIRST:
        return stage > 0 and position == 0
    return stage < len(spec.depths) - 1 and position == spec.depths[stage] - 1


def _stages(spec: ResNetSpec, sites: list[list[Site]]) -> Iterator[Stage]:
    for number, stage in enumerate(sites, start=1):
        name = f"layer{number}"
        yield Stage(name, tuple(_block(spec, site, f"{name}.{i}") for i, site in enumerate(stage)))


class _Names:
    """Numbers a block's layers by kind, in the order of the branch: conv1, bn1, relu1, conv2."""

    def __init__(self, block: str):
        self.block = block
        self.counts: Counter[str] = Counter()

    def next(self, kind: str) -> str:
        self.counts[kind] += 1
        return f"{self.block}.{kind}{self.counts[kind]}"

    def of(self, steps: Sequence[Step]) -> list[str]:
        return [self.next(KINDS[step]) for step in steps]


def _norm(spec: ResNetSpec, name: str, channels: int) -> Norm:
    return Norm(name, channels, spec.norm_eps, spec.norm_decay)


def _has_bias(spec: ResNetSpec, followers: Sequence[Step]) -> bool:
    """Whether a convolution followed by these steps has a bias."""
    match spec.bias:
        case Bias.NEVER:
            return False
        case Bias.ALWAYS:
            return True
        case Bias.WITHOUT_NORM:
            return Step.NORM not in followers[:1]


def _steps(
    spec: ResNetSpec, steps: Sequence[Step], channels: int, names: Iterable[str], shared_input: bool
) -> Iterator[Layer]:
    """The layers of some steps, under these names; only the first reads the shared input."""
    for position, (step, name) in enumerate(zip(steps, names, strict=True)):
        match step:
            case Step.NORM:
                yield _norm(spec, name, channels)
            case Step.RELU:
                yield Relu(name, shared_input and position == 0)


def _stem(spec: ResNetSpec) -> Iterator[Layer]:
    """Each convolution but the last is followed by norm and relu, the last by `end` and `tail`."""
    stem, channels = spec.stem, spec.in_channels
    final = (*spec.ordering.steps.end, *spec.ordering.steps.tail)
    last = len(stem.channels) - 1
    for i, out in enumerate(stem.channels):
        # A deep stem is torch's Sequential "conv1": convolution, norm, relu, convolution, ...
        name = f"conv1.{3 * i}" if last else "conv1"
        followers = final if i == last else BETWEEN
        stride = stem.stride if i == 0 else 1
        bias = _has_bias(spec, followers)
        yield Conv(name, channels, out, stem.kernel, stride, 1, 1, spec.padding, bias)
        within = {Step.NORM: f"conv1.{3 * i + 1}", Step.RELU: f"conv1.{3 * i + 2}"}
        names = STEM_NAMES if i == last else within
        yield from _steps(spec, followers, out, [names[s] for s in followers], shared_input=False)
        channels = out
    if stem.pool is not StemPool.NONE:
        yield MaxPool("maxpool", 3, 2, stem.pool)


def _block(spec: ResNetSpec, site: Site, name: str) -> Block:
    steps, names = spec.ordering.steps, _Names(name)
    shortcut = _shortcut(spec, site, f"{name}.downsample")
    projects = any(isinstance(layer, Conv) for layer in shortcut or ())
    pre, tail = steps.pre, steps.tail
    return Block(
        name,
        pre=tuple(_steps(spec, pre, site.in_channels, names.of(pre), shared_input=True)),
        branch=tuple(_branch(spec, site, names)),
        shortcut=shortcut,
        shortcut_reads_pre=projects and bool(pre) and _wants_pre(spec, site),
        tail=tuple(_steps(spec, tail, site.out_channels, names.of(tail), shared_input=False)),
    )


def _wants_pre(spec: ResNetSpec, site: Site) -> bool:
    """Whether a projection here reads what `pre` makes of the block's input, if there is `pre`."""
    match spec.shortcut.reads:
        case ProjectionInput.BLOCK_INPUT:
            return False
        case ProjectionInput.PREACTIVATION:
            return True
        case ProjectionInput.PREACTIVATION_IN_FIRST:
            return site.first


def _branch(spec: ResNetSpec, site: Site, names: _Names) -> Iterator[Layer]:
    """conv, (norm relu conv)*, end."""
    kernels = spec.block.kernels
    strided = 0 if spec.stride_in_1x1 else kernels.index(3)
    channels = [site.in_channels, *[site.inner_channels] * (len(kernels) - 1), site.out_channels]
    for i, kernel in enumerate(kernels):
        followers = spec.ordering.steps.end if i == len(kernels) - 1 else BETWEEN
        dilation = site.dilation_before if i <= strided else site.dilation_after
        yield Conv(
            names.next("conv"),
            channels[i],
            channels[i + 1],
            kernel,
            stride=site.stride if i == strided else 1,
            dilation=dilation if kernel > 1 else 1,
            groups=spec.groups if kernel > 1 else 1,
            padding=spec.padding,
            bias=_has_bias(spec, followers),
        )
        yield from _steps(spec, followers, channels[i + 1], names.of(followers), shared_input=False)


def _shortcut(spec: ResNetSpec, site: Site, name: str) -> Layers | None:
    grows = site.in_channels != site.out_channels
    match spec.shortcut.kind:
        case ShortcutKind.NONE:
            return None
        case ShortcutKind.ZERO_PAD_BOTH_SIDES:
            before = (site.out_channels - site.in_channels) // 2
            return (*_pool(spec, site, name), *_zero_pad(site, name, before))
        case ShortcutKind.ZERO_PAD_END:
            return (*_pool(spec, site, name), *_zero_pad(site, name, 0))
        case ShortcutKind.PROJECTION_ON_CHANGE:
            projects = grows or site.nominal_stride > 1
        case ShortcutKind.PROJECTION_ON_GROWTH:
            projects = grows
        case ShortcutKind.PROJECTION_ALWAYS:
            projects = True
    return tuple(_projection(spec, site, name)) if projects else tuple(_pool(spec, site, name))


def _pool(spec: ResNetSpec, site: Site, name: str) -> Iterator[Layer]:
    """What strides in a shortcut without a convolution, or before one."""
    if spec.shortcut.stride_by is ShortcutStride.AVG_POOL:
        if site.nominal_stride > 1:
            # timm's rule: only where a dilated stage took the stride away do zeros count.
            yield AvgPool(f"{name}.0", site.stride, zeros_count=site.stride == 1)
    elif site.stride > 1:
        yield MaxPool(f"{name}.0", 1, site.stride, StemPool.NONE)


def _zero_pad(site: Site, name: str, before: int) -> Iterator[Layer]:
    if grown := site.out_channels - site.in_channels:
        yield ZeroPadChannels(f"{name}.1", before, grown - before)


def _projection(spec: ResNetSpec, site: Site, name: str) -> Iterator[Layer]:
    """[pool], 1x1 convolution, [norm]."""
    by_conv = spec.shortcut.stride_by is ShortcutStride.CONV
    if not by_conv:
        yield from _pool(spec, site, name)
    has_norm = _projection_has_norm(spec)
    first = 0 if by_conv else 1  # timm keeps index 0 for the pool, with a stride or without
    yield Conv(
        f"{name}.{first}",
        site.in_channels,
        site.out_channels,
        kernel=1,
        stride=site.stride if by_conv else 1,
        dilation=1,
        groups=1,
        padding=Padding.SYMMETRIC,
        bias=_has_bias(spec, (Step.NORM,) if has_norm else ()),
    )
    if has_norm:
        yield _norm(spec, f"{name}.{first + 1}", site.out_channels)


def _projection_has_norm(spec: ResNetSpec) -> bool:
    match spec.shortcut.norm:
        case ProjectionNorm.BY_ORDERING:
            return Step.NORM in spec.ordering.steps.end
        case ProjectionNorm.ALWAYS:
            return True
        case ProjectionNorm.NEVER:
            return False


def _head(spec: ResNetSpec) -> Iterator[Layer]:
    """`pre`, the step that famous re-implementations of pre-activation forgot; pool; classifier."""
    channels, pre = spec.stage_channels[-1], spec.ordering.steps.pre
    yield from _steps(spec, pre, channels, [HEAD_NAMES[step] for step in pre], shared_input=True)
    if spec.num_classes is not None:
        yield GlobalAvgPool("avgpool")
        yield Dense("fc", channels, spec.num_classes)
