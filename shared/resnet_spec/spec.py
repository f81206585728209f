"""The spec of a ResNet: a few choices, validated once, readable and writable as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace

from resnet_spec.choices import (
    Bias,
    BlockKind,
    NormKind,
    Ops,
    Ordering,
    Padding,
    PlaceBias,
    ProjectionInput,
    ProjectionNorm,
    ShortcutKind,
    ShortcutStride,
    StemPool,
    StrideBlock,
)
from resnet_spec.errors import SpecError
from resnet_spec.rules import (
    above_zero,
    above_zero_or_none,
    construct,
    flag,
    fraction,
    nested,
    odd,
    one_of,
    positive,
    positive_or_none,
    positive_or_positives,
    positives,
    power_of_two_or_none,
    validate,
    validate_or_raise,
    validated_by,
)


@dataclass(frozen=True, kw_only=True)
class Stem:
    """The layers before the first stage.

    Attributes:
        channels: output channels of each convolution. Three convolutions are the deep stem of
            *Bag of Tricks*, 4.2 (ResNet-C and ResNet-D).
        kernel: kernel size of every convolution, odd.
        stride: stride of the first convolution. The others have stride 1.
        pool: padding of the 3x3 max-pool with stride 2 at the end; "none" for no pool.
        bias: which convolutions of the stem have a bias.

    Raises:
        SpecError: invalid values. It lists all of them.
    """

    channels: tuple[int, ...] = field(default=(64,), metadata=validated_by(positives))
    kernel: int = field(default=7, metadata=validated_by(odd))
    stride: int = field(default=2, metadata=validated_by(positive))
    pool: StemPool = field(default=StemPool.MINUS_INFINITY, metadata=validated_by(one_of(StemPool)))
    bias: PlaceBias = field(default=PlaceBias.AS_BRANCH, metadata=validated_by(one_of(PlaceBias)))

    def __post_init__(self) -> None:
        validate_or_raise(self)

    @property
    def total_stride(self) -> int:
        """Ratio of the image's height and width to those of the stem's output."""
        return self.stride * (1 if self.pool is StemPool.NONE else 2)


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """The path that bypasses a block's branch. The choices cite their sources.

    Attributes:
        kind: identity, projection or option A, and in which blocks.
        norm: whether a projection ends in a batch normalisation.
        reads: the tensor that a projection reads.
        stride_by: the layer that strides.
        bias: which projections have a bias: all of them or none, since they are alike.
        norm_eps: added to the variance in the norms of projections; None for the network's
            `norm_eps`.

    Raises:
        SpecError: invalid values. It lists all of them.
    """

    kind: ShortcutKind = field(
        default=ShortcutKind.PROJECTION_ON_CHANGE, metadata=validated_by(one_of(ShortcutKind))
    )
    norm: ProjectionNorm = field(
        default=ProjectionNorm.BY_ORDERING, metadata=validated_by(one_of(ProjectionNorm))
    )
    reads: ProjectionInput = field(
        default=ProjectionInput.PREACTIVATION, metadata=validated_by(one_of(ProjectionInput))
    )
    stride_by: ShortcutStride = field(
        default=ShortcutStride.CONV, metadata=validated_by(one_of(ShortcutStride))
    )
    bias: PlaceBias = field(default=PlaceBias.AS_BRANCH, metadata=validated_by(one_of(PlaceBias)))
    norm_eps: float | None = field(default=None, metadata=validated_by(above_zero_or_none))

    def __post_init__(self) -> None:
        validate_or_raise(self)


@dataclass(frozen=True, kw_only=True)
class ResNetSpec:
    """The choices that define a ResNet.

    A choice of an enumeration may be given as its value: `padding="same"`. A list may be given for
    a tuple, and a mapping of its fields for the stem or the shortcut. A choice that repeats
    another one is reduced to its default, so that equal networks are equal specs:
    `width_per_group=(64, 64)` to 64, the bias of the stem or of the shortcut that is that of the
    branches to "as_branch", and a `norm_eps` of the shortcut that is the network's to None.

    Attributes:
        block: basic (two 3x3 convolutions) or bottleneck (1x1, 3x3, 1x1); *Deep Residual
            Learning*, figure 5.
        depths: number of blocks of each stage.
        widths: channels of each stage, before the block's expansion.
        groups: groups of the 3x3 convolution of a bottleneck; ResNeXt's cardinality.
        width_per_group: width of the 3x3 convolution of a bottleneck, which has
            `width * width_per_group // 64 * groups` channels (torchvision models/resnet.py,
            `Bottleneck`; *Aggregated Residual Transformations*, table 1). An integer, or one for
            each stage.
        groups_in_1x1: whether the first 1x1 convolution of a bottleneck has these groups too.
        stem: the layers before the first stage.
        norm: the kind of all norms, or "none" for a network without norms, whatever the ordering
            and the shortcut. Some orderings are then the same network.
        ordering: order of norm, ReLU and addition; *Identity Mappings*, figure 4.
        shortcut: the path that bypasses each block's branch.
        stride_in_1x1: whether a bottleneck strides in its first 1x1 convolution, as in the paper
            (v1), instead of its 3x3 (v1.5).
        stride_block: the block that strides between two stages.
        padding: of the convolutions. The stem's pool has its own choice.
        output_stride: the largest stride of any feature map, a power of two. Beyond it stages
            dilate instead of striding (*DeepLab*). None to never dilate.
        bias: which convolutions of the branches have a bias, and by default which of the stem and
            of the shortcuts.
        norm_eps: added to the variance in batch normalisation.
        norm_decay: share of the old running statistics that an update keeps: Keras' `momentum`,
            1 - PyTorch's `momentum`.
        in_channels: channels of the image.
        num_classes: number of logits; None for a network without a head, whose output is the last
            feature map.

    Raises:
        SpecError: invalid or conflicting values. It lists all of them.

    Example:
        >>> from resnet_spec import ResNetSpec
        >>> ResNetSpec(block="bottleneck", depths=(3, 4, 6, 3)).stage_channels
        (256, 512, 1024, 2048)
    """

    block: BlockKind = field(metadata=validated_by(one_of(BlockKind)))
    depths: tuple[int, ...] = field(metadata=validated_by(positives))
    widths: tuple[int, ...] = field(default=(64, 128, 256, 512), metadata=validated_by(positives))
    groups: int = field(default=1, metadata=validated_by(positive))
    width_per_group: int | tuple[int, ...] = field(
        default=64, metadata=validated_by(positive_or_positives)
    )
    groups_in_1x1: bool = field(default=False, metadata=validated_by(flag))
    stem: Stem = field(default=Stem(), metadata=validated_by(nested(Stem)))
    norm: NormKind = field(default=NormKind.BATCH, metadata=validated_by(one_of(NormKind)))
    ordering: Ordering = field(default=Ordering.ORIGINAL, metadata=validated_by(one_of(Ordering)))
    shortcut: Shortcut = field(default=Shortcut(), metadata=validated_by(nested(Shortcut)))
    stride_in_1x1: bool = field(default=False, metadata=validated_by(flag))
    stride_block: StrideBlock = field(
        default=StrideBlock.FIRST, metadata=validated_by(one_of(StrideBlock))
    )
    padding: Padding = field(default=Padding.SYMMETRIC, metadata=validated_by(one_of(Padding)))
    output_stride: int | None = field(default=None, metadata=validated_by(power_of_two_or_none))
    bias: Bias = field(default=Bias.NEVER, metadata=validated_by(one_of(Bias)))
    norm_eps: float = field(default=1e-5, metadata=validated_by(above_zero))
    norm_decay: float = field(default=0.9, metadata=validated_by(fraction))
    in_channels: int = field(default=3, metadata=validated_by(positive))
    num_classes: int | None = field(default=1000, metadata=validated_by(positive_or_none))

    def __post_init__(self) -> None:
        broken, errors = validate(self)
        checks = [check for names, check in _CONFLICTS if names.isdisjoint(broken)]
        errors += [conflict for check in checks for conflict in check(self)]
        if errors:
            raise SpecError(errors)
        for name, value in _reduced(self).items():
            object.__setattr__(self, name, value)

    @property
    def stage_channels(self) -> tuple[int, ...]:
        """Output channels of each stage."""
        return tuple(width * self.block.expansion for width in self.widths)

    @property
    def ops(self) -> Ops:
        """The operations around the convolutions and the addition of each block."""
        ops = self.ordering.ops
        return ops.without_norms() if self.norm is NormKind.NONE else ops

    @property
    def stem_bias(self) -> Bias:
        """Which convolutions of the stem have a bias."""
        return _bias_of(self.stem.bias, self.bias)

    @property
    def projection_bias(self) -> Bias:
        """Which projections have a bias."""
        return _bias_of(self.shortcut.bias, self.bias)

    @property
    def projection_eps(self) -> float:
        """Added to the variance in the norms of projections."""
        own = self.shortcut.norm_eps
        return self.norm_eps if own is None else own

    @property
    def mid_channels(self) -> tuple[int, ...]:
        """Channels between the convolutions of each stage's blocks; see `width_per_group`."""
        chosen = self.width_per_group
        each = chosen if isinstance(chosen, tuple) else (chosen,) * len(self.widths)
        pairs = zip(self.widths, each, strict=False)  # `_per_group` reports different lengths
        return tuple(width * per_group // 64 * self.groups for width, per_group in pairs)

    def to_json(self) -> str:
        """The choices as a JSON object. `from_json` reads it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "ResNetSpec":
        """The spec that `to_json` wrote.

        Args:
            text: a JSON object. Missing choices have their defaults.

        Raises:
            SpecError: the text is not JSON, or not a valid spec. It lists all errors.
        """
        try:
            choices = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SpecError([f"the spec is not JSON: {error}"]) from error
        if not isinstance(choices, dict):
            raise SpecError(["the spec must be a JSON object"])
        return construct(cls, choices)


def _bias_of(place: PlaceBias, branch: Bias) -> Bias:
    return branch if place is PlaceBias.AS_BRANCH else Bias(place)


def _reduced(spec: ResNetSpec) -> dict[str, object]:
    """The choices of a valid spec that repeat other ones, reduced to their shortest form."""
    widths, stem, shortcut = _widths_per_group(spec), spec.stem, spec.shortcut
    eps = None if shortcut.norm_eps == spec.norm_eps else shortcut.norm_eps
    reduced_shortcut = replace(shortcut, bias=_reduced_bias(shortcut.bias, spec), norm_eps=eps)
    return {
        "width_per_group": min(widths) if len(widths) == 1 else spec.width_per_group,
        "stem": replace(stem, bias=_reduced_bias(stem.bias, spec)),
        "shortcut": reduced_shortcut,
    }


def _reduced_bias(place: PlaceBias, spec: ResNetSpec) -> PlaceBias:
    return PlaceBias.AS_BRANCH if place.value == spec.bias.value else place


def _stages(spec: ResNetSpec) -> Iterator[str]:
    if len(spec.depths) != len(spec.widths):
        yield f"depths has {len(spec.depths)} stages and widths has {len(spec.widths)}"


def _widths_per_group(spec: ResNetSpec) -> set[int]:
    """The distinct values of `width_per_group`."""
    chosen = spec.width_per_group
    return set(chosen) if isinstance(chosen, tuple) else {chosen}


def _per_group(spec: ResNetSpec) -> Iterator[str]:
    chosen, stages = spec.width_per_group, len(spec.widths)
    if isinstance(chosen, tuple) and len(chosen) != stages:
        yield f"width_per_group has {len(chosen)} stages and widths has {stages}"


def _basic(spec: ResNetSpec) -> Iterator[str]:
    if spec.block is BlockKind.BASIC and (spec.groups, _widths_per_group(spec)) != (1, {64}):
        yield "groups and width_per_group need a bottleneck block; a basic block has 1 and 64"


def _no_1x1(spec: ResNetSpec) -> Iterator[str]:
    if spec.block is BlockKind.BASIC and spec.stride_in_1x1:
        yield "stride_in_1x1 needs a bottleneck block; a basic block has no 1x1 convolution"


def _grouped_1x1(spec: ResNetSpec) -> Iterator[str]:
    if not spec.groups_in_1x1:
        return
    if spec.block is BlockKind.BASIC or spec.groups == 1:
        yield "groups_in_1x1 needs a bottleneck block and groups above 1"
    inputs = (spec.stem.channels[-1], *spec.stage_channels)
    if odd := sorted({channels for channels in inputs if channels % spec.groups}):
        listed = ", ".join(map(str, odd))
        yield f"groups_in_1x1: {listed} channels do not divide into {spec.groups} groups"


def _mid(spec: ResNetSpec) -> Iterator[str]:
    pairs = zip(spec.widths, spec.mid_channels, strict=False)
    for stage, (width, mid) in enumerate(pairs, start=1):
        if mid == 0:
            chosen = spec.width_per_group
            yield f"width_per_group {chosen} leaves no channels to width {width} in stage {stage}"


def _stride(spec: ResNetSpec) -> Iterator[str]:
    if spec.output_stride is not None and spec.output_stride < spec.stem.total_stride:
        yield f"output_stride {spec.output_stride} is below the stem's {spec.stem.total_stride}"


def _growth(spec: ResNetSpec) -> Iterator[str]:
    channels = (spec.stem.channels[-1], *spec.stage_channels)
    if spec.shortcut.kind.pads_channels and sorted(channels) != list(channels):
        yield f"a zero-pad shortcut cannot drop channels, but the channels are {channels}"


# Conflicts of choices that are valid alone: ({fields}, function that yields messages). A function
# is called only if all its fields are valid.
_CONFLICTS = (
    ({"depths", "widths"}, _stages),
    ({"widths", "width_per_group"}, _per_group),
    ({"block", "groups", "width_per_group"}, _basic),
    ({"block", "stride_in_1x1"}, _no_1x1),
    ({"block", "widths", "groups", "groups_in_1x1", "stem"}, _grouped_1x1),
    ({"widths", "groups", "width_per_group"}, _mid),
    ({"stem", "output_stride"}, _stride),
    ({"block", "widths", "stem", "shortcut"}, _growth),
)
