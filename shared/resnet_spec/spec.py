"""What a ResNet is: a few choices, validated once, readable and writable as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from resnet_spec.choices import (
    Bias,
    BlockKind,
    Ordering,
    Padding,
    Precision,
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
    by,
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
    power_of_two,
    settle,
    settle_or_raise,
)


@dataclass(frozen=True, kw_only=True)
class Stem:
    """What turns the image into the first stage's input.

    Attributes:
        channels: output channels of each convolution; three of them are the deep stem of
            *Bag of Tricks* (ResNet-C and -D).
        kernel: size of every convolution's kernel, odd.
        stride: stride of the first convolution; the others have 1.
        pool: the 3x3 max-pool with stride 2 at the end, by its border.
    """

    channels: tuple[int, ...] = field(default=(64,), metadata=by(positives))
    kernel: int = field(default=7, metadata=by(odd))
    stride: int = field(default=2, metadata=by(positive))
    pool: StemPool = field(default=StemPool.MINUS_INFINITY, metadata=by(one_of(StemPool)))

    def __post_init__(self) -> None:
        settle_or_raise(self)

    @property
    def total_stride(self) -> int:
        return self.stride * (1 if self.pool is StemPool.NONE else 2)


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """What stands beside the branch. See each choice for its sources."""

    kind: ShortcutKind = field(
        default=ShortcutKind.PROJECTION_ON_CHANGE, metadata=by(one_of(ShortcutKind))
    )
    norm: ProjectionNorm = field(
        default=ProjectionNorm.BY_ORDERING, metadata=by(one_of(ProjectionNorm))
    )
    reads: ProjectionInput = field(
        default=ProjectionInput.PREACTIVATION, metadata=by(one_of(ProjectionInput))
    )
    stride_by: ShortcutStride = field(
        default=ShortcutStride.CONV, metadata=by(one_of(ShortcutStride))
    )

    def __post_init__(self) -> None:
        settle_or_raise(self)


@dataclass(frozen=True, kw_only=True)
class ResNetSpec:
    """Every choice that makes one ResNet out of all of them.

    Attributes:
        block: basic (two 3x3) or bottleneck (1x1, 3x3, 1x1); *Deep Residual Learning*, figure 5.
        depths: number of blocks of each stage.
        widths: channels of each stage before the block's expansion.
        groups: ResNeXt's cardinality.
        width_per_group: Wide ResNet's width; a bottleneck's 3x3 has `width * width_per_group //
            64 * groups` channels (torchvision's rule). One number for each stage where they
            differ; where they are equal, the one number is kept.
        stem: what stands before the first stage.
        shortcut: what stands beside each branch.
        ordering: of norm, ReLU and addition.
        stride_in_1x1: True for the paper's v1, False for v1.5, where the 3x3 strides.
        stride_block: the block that takes the stride between two stages.
        padding: of the convolutions; the stem's pool has its own.
        output_stride: the largest stride of any feature map; beyond it stages dilate (DeepLab).
        bias: which convolutions have one.
        norm_eps: added to the variance.
        norm_decay: share of the old running statistics kept (Keras `momentum`, 1 - PyTorch's).
        in_channels: channels of the image.
        num_classes: logits; None for no head, so that the last feature map comes out.

    Raises:
        SpecError: with every fault at once.
    """

    block: BlockKind = field(metadata=by(one_of(BlockKind)))
    depths: tuple[int, ...] = field(metadata=by(positives))
    widths: tuple[int, ...] = field(default=(64, 128, 256, 512), metadata=by(positives))
    groups: int = field(default=1, metadata=by(positive))
    width_per_group: int | tuple[int, ...] = field(default=64, metadata=by(positive_or_positives))
    stem: Stem = field(default=Stem(), metadata=by(nested(Stem)))
    ordering: Ordering = field(default=Ordering.ORIGINAL, metadata=by(one_of(Ordering)))
    shortcut: Shortcut = field(default=Shortcut(), metadata=by(nested(Shortcut)))
    stride_in_1x1: bool = field(default=False, metadata=by(flag))
    stride_block: StrideBlock = field(default=StrideBlock.FIRST, metadata=by(one_of(StrideBlock)))
    padding: Padding = field(default=Padding.SYMMETRIC, metadata=by(one_of(Padding)))
    output_stride: int = field(default=32, metadata=by(power_of_two))
    bias: Bias = field(default=Bias.NEVER, metadata=by(one_of(Bias)))
    norm_eps: float = field(default=1e-5, metadata=by(above_zero))
    norm_decay: float = field(default=0.9, metadata=by(fraction))
    in_channels: int = field(default=3, metadata=by(positive))
    num_classes: int | None = field(default=1000, metadata=by(positive_or_none))

    def __post_init__(self) -> None:
        broken, faults = settle(self)
        checks = [check for names, check in _CLASHES if names.isdisjoint(broken)]
        faults += [clash for check in checks for clash in check(self)]
        if faults:
            raise SpecError(faults)
        if len(numbers := _numbers(self)) == 1:  # so that the same network is an equal spec
            object.__setattr__(self, "width_per_group", *numbers)

    @property
    def stage_channels(self) -> tuple[int, ...]:
        """Output channels of each stage."""
        return tuple(width * self.block.expansion for width in self.widths)

    @property
    def inner_channels(self) -> tuple[int, ...]:
        """Channels between the convolutions of each stage's blocks."""
        given = self.width_per_group
        each = given if isinstance(given, tuple) else (given,) * len(self.widths)
        pairs = zip(self.widths, each, strict=False)  # their lengths are a clash of its own
        return tuple(width * per_group // 64 * self.groups for width, per_group in pairs)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "ResNetSpec":
        """The spec that `to_json` wrote. Raises SpecError: no JSON, or no spec in it."""
        try:
            choices = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SpecError([f"the spec is not JSON: {error}"]) from None
        if not isinstance(choices, dict):
            raise SpecError(["the spec must be a JSON object"])
        return construct(cls, choices)


def precision(dtype: str) -> str:
    """The word of a precision, if it is one. Raises SpecError: it is none."""
    try:
        return Precision(dtype).value
    except ValueError:
        raise SpecError([f"dtype must be one of {', '.join(Precision)}, not {dtype!r}"]) from None


def _stages(spec: ResNetSpec) -> Iterator[str]:
    if len(spec.depths) != len(spec.widths):
        yield f"depths has {len(spec.depths)} stages and widths has {len(spec.widths)}"


def _numbers(spec: ResNetSpec) -> set[int]:
    """The distinct numbers of `width_per_group`."""
    given = spec.width_per_group
    return set(given) if isinstance(given, tuple) else {given}


def _per_group(spec: ResNetSpec) -> Iterator[str]:
    given, stages = spec.width_per_group, len(spec.widths)
    if isinstance(given, tuple) and len(given) != stages:
        yield f"width_per_group has {len(given)} stages and widths has {stages}"


def _basic(spec: ResNetSpec) -> Iterator[str]:
    if spec.block is BlockKind.BASIC and (spec.groups, _numbers(spec)) != (1, {64}):
        yield "groups and width_per_group are a bottleneck's; a basic block has 1 and 64"


def _no_1x1(spec: ResNetSpec) -> Iterator[str]:
    if spec.block is BlockKind.BASIC and spec.stride_in_1x1:
        yield "stride_in_1x1 is a bottleneck's; a basic block has no 1x1"


def _inner(spec: ResNetSpec) -> Iterator[str]:
    pairs = zip(spec.widths, spec.inner_channels, strict=False)
    for stage, (width, inner) in enumerate(pairs, start=1):
        if inner == 0:
            given = spec.width_per_group
            yield f"width_per_group {given} leaves a block of width {width} empty in stage {stage}"


def _stride(spec: ResNetSpec) -> Iterator[str]:
    if spec.output_stride < spec.stem.total_stride:
        yield f"output_stride {spec.output_stride} is below the stem's {spec.stem.total_stride}"


def _growth(spec: ResNetSpec) -> Iterator[str]:
    channels = (spec.stem.channels[-1], *spec.stage_channels)
    if spec.shortcut.kind.pads_channels and sorted(channels) != list(channels):
        yield f"a zero-pad shortcut cannot drop channels, and these shrink: {channels}"


# Choices that are each possible and together are not: the fields, and what finds the clash.
_CLASHES = (
    ({"depths", "widths"}, _stages),
    ({"widths", "width_per_group"}, _per_group),
    ({"block", "groups", "width_per_group"}, _basic),
    ({"block", "stride_in_1x1"}, _no_1x1),
    ({"widths", "groups", "width_per_group"}, _inner),
    ({"stem", "output_stride"}, _stride),
    ({"block", "widths", "stem", "shortcut"}, _growth),
)
