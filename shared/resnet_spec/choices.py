"""The closed sets of choices of a spec. A member's value is how JSON and keywords write it."""

from dataclasses import dataclass, fields
from enum import StrEnum


class BlockKind(StrEnum):
    """The two blocks of *Deep Residual Learning*, figure 5."""

    BASIC = "basic"
    BOTTLENECK = "bottleneck"

    @property
    def kernels(self) -> tuple[int, ...]:
        """Kernel size of each convolution of the branch."""
        return _BLOCKS[self][0]

    @property
    def expansion(self) -> int:
        """Ratio of the block's output channels to the stage's width."""
        return _BLOCKS[self][1]


_BLOCKS: dict[BlockKind, tuple[tuple[int, ...], int]] = {
    BlockKind.BASIC: ((3, 3), 1),
    BlockKind.BOTTLENECK: ((1, 3, 1), 4),
}


class Op(StrEnum):
    """An operation between two convolutions."""

    NORM = "norm"
    RELU = "relu"


@dataclass(frozen=True)
class Ops:
    """The operations around the convolutions and the addition of a block.

    A block is `pre, conv, (between, conv)*, branch_end, + shortcut, post`.
    """

    pre: tuple[Op, ...]
    branch_end: tuple[Op, ...]
    post: tuple[Op, ...]
    between: tuple[Op, ...] = (Op.NORM, Op.RELU)

    def without_norms(self) -> "Ops":
        """The same operations without the norms."""
        kept = {
            f.name: tuple(op for op in getattr(self, f.name) if op is not Op.NORM)
            for f in fields(self)
        }
        return Ops(**kept)


class Ordering(StrEnum):
    """The five residual units a to e of *Identity Mappings in Deep Residual Networks*, figure 4."""

    ORIGINAL = "original"
    NORM_AFTER_ADDITION = "norm_after_addition"
    RELU_BEFORE_ADDITION = "relu_before_addition"
    RELU_PREACTIVATION = "relu_preactivation"
    FULL_PREACTIVATION = "full_preactivation"

    @property
    def ops(self) -> Ops:
        """The operations before the branch, at its end, and after the addition."""
        return _OPS[self]


_OPS: dict[Ordering, Ops] = {
    # Ops(pre, branch_end, post)
    Ordering.ORIGINAL: Ops((), (Op.NORM,), (Op.RELU,)),
    Ordering.NORM_AFTER_ADDITION: Ops((), (), (Op.NORM, Op.RELU)),
    Ordering.RELU_BEFORE_ADDITION: Ops((), (Op.NORM, Op.RELU), ()),
    Ordering.RELU_PREACTIVATION: Ops((Op.RELU,), (Op.NORM,), ()),
    Ordering.FULL_PREACTIVATION: Ops((Op.NORM, Op.RELU), (), ()),
}


class NormKind(StrEnum):
    """The normalisation after a convolution or before it, as the ordering has it."""

    BATCH = "batch"  # batch normalisation
    NONE = "none"  # nowhere in the network; its convolutions usually have biases


class Precision(StrEnum):
    """The floating-point type of a network's parameters and arithmetic."""

    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"  # for comparisons: rounding noise is far below any mistake


class Padding(StrEnum):
    """How a convolution is padded. The two rules differ only where it strides."""

    SYMMETRIC = "symmetric"  # PyTorch: as many zeros before as after, in height and in width
    SAME = "same"  # TensorFlow: output ceil(n / stride); an odd zero goes to the right and bottom


class PoolPadding(StrEnum):
    """The padding of a max-pool."""

    NONE = "none"  # no padding
    MINUS_INFINITY = "minus_infinity"  # torch.nn.MaxPool2d(padding=1): padding is never the maximum
    ZERO = "zero"  # keras.applications: ZeroPadding2D, then a pool without padding
    SAME = "same"  # keras.layers.MaxPooling2D(padding="same")


class StemPool(StrEnum):
    """The padding of the 3x3 max-pool with stride 2 at the end of an ImageNet stem, or no pool."""

    NONE = "none"  # no pool: the CIFAR stem
    MINUS_INFINITY = PoolPadding.MINUS_INFINITY
    ZERO = PoolPadding.ZERO
    SAME = PoolPadding.SAME


class ShortcutKind(StrEnum):
    """How a block's input bypasses its branch. Options A to C: *Deep Residual Learning*, 3.3."""

    NONE = "none"  # a plain network: no shortcut at all
    ZERO_PAD_BOTH_SIDES = "zero_pad_both_sides"  # option A, zero channels on both sides
    ZERO_PAD_END = "zero_pad_end"  # option A, zero channels at the end
    PROJECTION_ON_CHANGE = "projection_on_change"  # option B: where the shape changes
    PROJECTION_ON_GROWTH = "projection_on_growth"  # where the channels change
    PROJECTION_ALWAYS = "projection_always"  # option C: in every block

    @property
    def pads_channels(self) -> bool:
        """Whether this is option A."""
        return self in (ShortcutKind.ZERO_PAD_BOTH_SIDES, ShortcutKind.ZERO_PAD_END)


class ProjectionNorm(StrEnum):
    """Whether a projection ends in a batch normalisation."""

    BY_ORDERING = "by_ordering"  # where the branch does
    ALWAYS = "always"
    NEVER = "never"


class ProjectionInput(StrEnum):
    """The tensor that a projection reads. All three are the same in orderings without `pre`."""

    BLOCK_INPUT = "block_input"
    PREACTIVATION = "preactivation"  # the output of the block's `pre`
    PREACTIVATION_IN_FIRST = "preactivation_in_first"  # only in the network's first block


class ShortcutStride(StrEnum):
    """The layer that strides in a shortcut. Without a convolution, CONV means MAX_POOL."""

    CONV = "conv"
    MAX_POOL = "max_pool"  # 1x1: it drops every second pixel
    AVG_POOL = "avg_pool"  # 2x2: every pixel counts; ResNet-D, *Bag of Tricks*, 4.2


class StrideBlock(StrEnum):
    """The block that strides between two stages."""

    FIRST = "first"  # the first block of the later stage
    LAST = "last"  # the last block of the earlier stage; keras.applications V2, TF-slim


class Bias(StrEnum):
    """Which convolutions have a bias."""

    NEVER = "never"
    ALWAYS = "always"  # keras.applications V1
    WITHOUT_NORM = "without_norm"  # where no norm follows; keras.applications V2


class PlaceBias(StrEnum):
    """Which convolutions of the stem, or which projections, have a bias."""

    AS_BRANCH = "as_branch"  # by the rule of the branches' convolutions
    NEVER = Bias.NEVER
    ALWAYS = Bias.ALWAYS
    WITHOUT_NORM = Bias.WITHOUT_NORM
