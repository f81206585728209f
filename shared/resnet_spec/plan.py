"""spec -> plan: the only place with rules of channels, strides, padding, shortcuts and names.

The rules are torchvision's where torchvision has the network, else timm's, else the paper's. File
names in comments are those of torchvision 0.28 and timm 1.0.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from resnet_spec.choices import (
    Bias,
    NormKind,
    Op,
    Padding,
    PoolPadding,
    ProjectionInput,
    ProjectionNorm,
    ShortcutKind,
    ShortcutStride,
    StemPool,
    StrideBlock,
)
from resnet_spec.errors import SpecError
from resnet_spec.layers import (
    AvgPool,
    Conv,
    Dense,
    GlobalAvgPool,
    Layer,
    Layers,
    MaxPool,
    Norm,
    Relu,
    ZeroPadChannels,
)
from resnet_spec.rules import override
from resnet_spec.spec import ResNetSpec
from resnet_spec.structure import Block, Plan, Stage
from resnet_spec.zoo import get

# Names of operations: torchvision's in a block and at the end of the stem, timm's in the head.
BLOCK_NAMES = {Op.NORM: "bn", Op.RELU: "relu"}
STEM_NAMES = {Op.NORM: "bn1", Op.RELU: "relu"}
HEAD_NAMES = {Op.NORM: "norm", Op.RELU: "act"}


@dataclass(frozen=True)
class BlockSite:
    """The position of a block in the network: its channels, strides and dilations.

    Attributes:
        first: whether it is the first block of the network.
        in_channels: of the block's input.
        mid_channels: between the convolutions of the branch.
        out_channels: of the block's output.
        undilated_stride: the block's stride in a network that never dilates. It decides which
            shortcut the block has, so that the output stride never changes the weights.
        stride: the block's stride.
        dilation_before: dilation of the kernels up to and including the one that strides.
        dilation_after: dilation of the kernels after that one. Where a block dilates instead of
            striding, they read a grid with twice as many rows and columns.
    """

    first: bool
    in_channels: int
    mid_channels: int
    out_channels: int
    undilated_stride: int
    stride: int
    dilation_before: int
    dilation_after: int


def plan(network: ResNetSpec | Plan | str, **choices: object) -> Plan:
    """Resolve a network: every channel, stride, padding and name.

    Args:
        network: a spec, a name of the zoo, or a plan, which is returned unchanged.
        choices: fields of `ResNetSpec` to override, as `num_classes=10`. A mapping overrides some
            fields of the stem or the shortcut: `stem={"pool": "zero"}`.

    Returns:
        The plan. Equal specs give the same object.

    Raises:
        SpecError: an unknown name, choices that make no network, or choices for a plan.

    Example:
        >>> from resnet_spec import plan
        >>> plan("resnet50", num_classes=10).head[-1].out_features
        10
    """
    if isinstance(network, Plan):
        if choices:
            listed = ", ".join(choices)
            raise SpecError([f"a plan is fixed; to choose {listed}, pass a spec or a name instead"])
        return network
    if isinstance(network, str):
        return _resolved(get(network, **choices))
    return _resolved(override(network, choices) if choices else network)


@lru_cache(maxsize=256)
def _resolved(spec: ResNetSpec) -> Plan:
    sites = list(_sites(spec))
    return Plan(spec, tuple(_stem(spec)), tuple(_stages(spec, sites)), tuple(_head(spec)))


def _sites(spec: ResNetSpec) -> Iterator[list[BlockSite]]:
    """The sites of each stage's blocks.

    As in torchvision's `_make_layer` (models/resnet.py), the block that would stride keeps the
    dilation from before it, and the blocks after it multiply theirs by the stride.
    """
    channels, total_stride, dilation = spec.stem.channels[-1], spec.stem.total_stride, 1
    stages = zip(spec.depths, spec.mid_channels, spec.stage_channels, strict=True)
    for index, (depth, mid, out) in enumerate(stages):
        stage = []
        for position in range(depth):
            undilated = 2 if _strides(spec, index, position) else 1
            stride = undilated if _may_stride(spec, total_stride * undilated) else 1
            after = dilation * undilated // stride
            first = index == position == 0
            stage.append(BlockSite(first, channels, mid, out, undilated, stride, dilation, after))
            channels, total_stride, dilation = out, total_stride * stride, after
        yield stage


def _may_stride(spec: ResNetSpec, total_stride: int) -> bool:
    """Whether feature maps may have this total stride. Beyond it a stage dilates."""
    return spec.output_stride is None or total_stride <= spec.output_stride


def _strides(spec: ResNetSpec, stage: int, position: int) -> bool:
    """Whether this block strides between two stages."""
    if spec.stride_block is StrideBlock.FIRST:
        return stage > 0 and position == 0
    return stage < len(spec.depths) - 1 and position == spec.depths[stage] - 1


def _stages(spec: ResNetSpec, sites: list[list[BlockSite]]) -> Iterator[Stage]:
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

    def of(self, ops: Sequence[Op]) -> list[str]:
        return [self.next(BLOCK_NAMES[op]) for op in ops]


def _has_bias(rule: Bias, followers: Sequence[Op]) -> bool:
    """Whether a convolution followed by these operations has a bias under this rule."""
    match rule:
        case Bias.NEVER:
            return False
        case Bias.ALWAYS:
            return True
        case Bias.WITHOUT_NORM:
            return Op.NORM not in followers[:1]


def _ops(
    spec: ResNetSpec, ops: Sequence[Op], channels: int, names: Iterable[str], inplace_ok: bool
) -> Iterator[Layer]:
    """The layers of some operations, under these names.

    Args:
        spec: the network.
        ops: the operations.
        channels: of their input.
        names: one for each operation.
        inplace_ok: whether the first operation alone reads its input.
    """
    for position, (op, name) in enumerate(zip(ops, names, strict=True)):
        match op:
            case Op.NORM:
                yield Norm(name, channels, spec.norm_eps, spec.norm_decay)
            case Op.RELU:
                yield Relu(name, inplace_ok or position > 0)


def _stem(spec: ResNetSpec) -> Iterator[Layer]:
    """Convolutions with norm and ReLU between them, the operations of the ordering, the pool."""
    stem, channels, ops = spec.stem, spec.in_channels, spec.ops
    final = (*ops.branch_end, *ops.post)
    last = len(stem.channels) - 1
    for i, out in enumerate(stem.channels):
        # A deep stem is timm's Sequential "conv1": convolution, norm, ReLU, convolution, ...
        # (timm models/resnet.py, `deep_stem`). Its last norm and ReLU come after it.
        name = f"conv1.{3 * i}" if last else "conv1"
        followers = final if i == last else ops.between
        stride = stem.stride if i == 0 else 1
        bias = _has_bias(spec.stem_bias, followers)
        yield Conv(name, channels, out, stem.kernel, stride, 1, 1, spec.padding, bias)
        within = {Op.NORM: f"conv1.{3 * i + 1}", Op.RELU: f"conv1.{3 * i + 2}"}
        names = STEM_NAMES if i == last else within
        yield from _ops(spec, followers, out, [names[op] for op in followers], inplace_ok=True)
        channels = out
    if stem.pool is not StemPool.NONE:
        yield MaxPool("maxpool", 3, 2, PoolPadding(stem.pool))


def _block(spec: ResNetSpec, site: BlockSite, name: str) -> Block:
    ops, names = spec.ops, _Names(name)
    shortcut = _shortcut(spec, site, f"{name}.downsample")
    projects = any(isinstance(layer, Conv) for layer in shortcut or ())
    pre, post = ops.pre, ops.post
    return Block(
        name,
        pre=tuple(_ops(spec, pre, site.in_channels, names.of(pre), inplace_ok=False)),
        branch=tuple(_branch(spec, site, names)),
        shortcut=shortcut,
        shortcut_reads_pre=projects and bool(pre) and _reads_pre(spec, site),
        post=tuple(_ops(spec, post, site.out_channels, names.of(post), inplace_ok=True)),
    )


def _reads_pre(spec: ResNetSpec, site: BlockSite) -> bool:
    """Whether a projection here reads the output of `pre`, in an ordering that has `pre`."""
    match spec.shortcut.reads:
        case ProjectionInput.BLOCK_INPUT:
            return False
        case ProjectionInput.PREACTIVATION:
            return True
        case ProjectionInput.PREACTIVATION_IN_FIRST:
            return site.first


def _branch(spec: ResNetSpec, site: BlockSite, names: _Names) -> Iterator[Layer]:
    """conv, (between, conv)*, branch_end."""
    kernels, ops = spec.block.kernels, spec.ops
    strided = 0 if spec.stride_in_1x1 else kernels.index(3)
    channels = [site.in_channels, *[site.mid_channels] * (len(kernels) - 1), site.out_channels]
    for i, kernel in enumerate(kernels):
        followers = ops.branch_end if i == len(kernels) - 1 else ops.between
        is_grouped = kernel > 1 or (i == 0 and spec.groups_in_1x1)
        dilation = site.dilation_before if i <= strided else site.dilation_after
        yield Conv(
            names.next("conv"),
            channels[i],
            channels[i + 1],
            kernel,
            stride=site.stride if i == strided else 1,
            dilation=dilation if kernel > 1 else 1,
            groups=spec.groups if is_grouped else 1,
            padding=spec.padding,
            bias=_has_bias(spec.bias, followers),
        )
        yield from _ops(spec, followers, channels[i + 1], names.of(followers), inplace_ok=True)


def _shortcut(spec: ResNetSpec, site: BlockSite, name: str) -> Layers | None:
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
            projects = grows or site.undilated_stride > 1
        case ShortcutKind.PROJECTION_ON_GROWTH:
            projects = grows
        case ShortcutKind.PROJECTION_ALWAYS:
            projects = True
    return tuple(_projection(spec, site, name)) if projects else tuple(_pool(spec, site, name))


def _pool(spec: ResNetSpec, site: BlockSite, name: str) -> Iterator[Layer]:
    """The pool that strides in a shortcut without a convolution, or before a convolution."""
    if spec.shortcut.stride_by is ShortcutStride.AVG_POOL:
        if site.undilated_stride > 1:
            # timm models/resnet.py, `downsample_avg`: where a block dilates instead of striding,
            # the pool is AvgPool2dSame, which pads with zeros first and averages them as well.
            yield AvgPool(f"{name}.0", site.stride, count_include_pad=site.stride == 1)
    elif site.stride > 1:
        yield MaxPool(f"{name}.0", 1, site.stride, PoolPadding.NONE)


def _zero_pad(site: BlockSite, name: str, before: int) -> Iterator[Layer]:
    if grown := site.out_channels - site.in_channels:
        yield ZeroPadChannels(f"{name}.1", before, grown - before)


def _projection(spec: ResNetSpec, site: BlockSite, name: str) -> Iterator[Layer]:
    """[pool], 1x1 convolution, [norm]."""
    by_conv = spec.shortcut.stride_by is ShortcutStride.CONV
    if not by_conv:
        yield from _pool(spec, site, name)
    has_norm = _projection_has_norm(spec)
    # timm models/resnet.py, `downsample_avg`: index 0 is the pool, or an Identity without stride.
    first = 0 if by_conv else 1
    yield Conv(
        f"{name}.{first}",
        site.in_channels,
        site.out_channels,
        kernel=1,
        stride=site.stride if by_conv else 1,
        dilation=1,
        groups=1,
        padding=Padding.SYMMETRIC,
        bias=_has_bias(spec.projection_bias, (Op.NORM,) if has_norm else ()),
    )
    if has_norm:
        norm = f"{name}.{first + 1}"
        yield Norm(norm, site.out_channels, spec.projection_eps, spec.norm_decay)


def _projection_has_norm(spec: ResNetSpec) -> bool:
    if spec.norm is NormKind.NONE:
        return False
    match spec.shortcut.norm:
        case ProjectionNorm.BY_ORDERING:
            return Op.NORM in spec.ops.branch_end
        case ProjectionNorm.ALWAYS:
            return True
        case ProjectionNorm.NEVER:
            return False


def _head(spec: ResNetSpec) -> Iterator[Layer]:
    """The operations of `pre` once more, global pool, classifier.

    *Identity Mappings*, appendix: the last addition is followed by an extra activation. Some
    well-known implementations of pre-activation networks omit it.
    """
    channels, pre = spec.stage_channels[-1], spec.ops.pre
    yield from _ops(spec, pre, channels, [HEAD_NAMES[op] for op in pre], inplace_ok=False)
    if spec.num_classes is not None:
        yield GlobalAvgPool("avgpool")
        yield Dense("fc", channels, spec.num_classes)
