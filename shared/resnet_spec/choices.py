"""The closed sets of choices of a spec. Each member's value is its word in JSON."""

from dataclasses import dataclass
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
        """Output channels of the block over the stage's width."""
        return _BLOCKS[self][1]


_BLOCKS: dict[BlockKind, tuple[tuple[int, ...], int]] = {
    BlockKind.BASIC: ((3, 3), 1),
    BlockKind.BOTTLENECK: ((1, 3, 1), 4),
}


class Step(StrEnum):
    """What may stand between two convolutions."""

    NORM = "norm"
    RELU = "relu"


@dataclass(frozen=True)
class Steps:
    """A block is `pre, conv, (norm relu conv)*, end, + shortcut, tail`."""

    pre: tuple[Step, ...]
    end: tuple[Step, ...]
    tail: tuple[Step, ...]


class Ordering(StrEnum):
    """The five residual units a to e of *Identity Mappings in Deep Residual Networks*, figure 4."""

    ORIGINAL = "original"
    NORM_AFTER_ADDITION = "norm_after_addition"
    RELU_BEFORE_ADDITION = "relu_before_addition"
    RELU_PREACTIVATION = "relu_preactivation"
    FULL_PREACTIVATION = "full_preactivation"

    @property
    def steps(self) -> Steps:
        """What stands before the branch, at its end, and after the addition."""
        return _STEPS[self]


_STEPS: dict[Ordering, Steps] = {
    #                                   pre                      end                      tail
    Ordering.ORIGINAL: Steps((), (Step.NORM,), (Step.RELU,)),
    Ordering.NORM_AFTER_ADDITION: Steps((), (), (Step.NORM, Step.RELU)),
    Ordering.RELU_BEFORE_ADDITION: Steps((), (Step.NORM, Step.RELU), ()),
    Ordering.RELU_PREACTIVATION: Steps((Step.RELU,), (Step.NORM,), ()),
    Ordering.FULL_PREACTIVATION: Steps((Step.NORM, Step.RELU), (), ()),
}


class Precision(StrEnum):
    """In what a network stores and computes."""

    FLOAT16 = "float16"
    FLOAT32 = "float32"
    FLOAT64 = "float64"  # for proofs


class Padding(StrEnum):
    """How a convolution is padded when its stride is 2: the frameworks' oldest difference."""

    SYMMETRIC = "symmetric"  # PyTorch: the same number of zeros on every side
    SAME = "same"  # TensorFlow: output ceil(n / stride), the odd zero goes right and bottom


class StemPool(StrEnum):
    """The 3x3 max-pool with stride 2 that ends an ImageNet stem, by what stands at its border."""

    NONE = "none"  # the CIFAR stem
    MINUS_INFINITY = "minus_infinity"  # torch.nn.MaxPool2d(padding=1): the border never wins
    ZERO = "zero"  # keras.applications: ZeroPadding2D, then a pool without padding
    SAME = "same"  # keras.layers.MaxPooling2D(padding="same"): right and bottom only


class ShortcutKind(StrEnum):
    """What carries the block's input past the branch."""

    NONE = "none"  # a plain network
    ZERO_PAD_BOTH_SIDES = "zero_pad_both_sides"  # option A: new zero channels on both sides
    ZERO_PAD_END = "zero_pad_end"  # option A: new zero channels behind the old ones
    PROJECTION_ON_CHANGE = "projection_on_change"  # option B: where the shape changes
    PROJECTION_ON_GROWTH = "projection_on_growth"  # where the channels change; keras V2
    PROJECTION_ALWAYS = "projection_always"  # option C

    @property
    def pads_channels(self) -> bool:
        """Whether this is one of the two forms of option A."""
        return self in (ShortcutKind.ZERO_PAD_BOTH_SIDES, ShortcutKind.ZERO_PAD_END)


class ProjectionNorm(StrEnum):
    """Whether a projection ends in a norm."""

    BY_ORDERING = "by_ordering"  # exactly where the branch does
    ALWAYS = "always"
    NEVER = "never"


class ProjectionInput(StrEnum):
    """What a projection reads. The same tensor in the orderings without `pre`."""

    BLOCK_INPUT = "block_input"
    PREACTIVATION = "preactivation"  # of its own block
    PREACTIVATION_IN_FIRST = "preactivation_in_first"  # the network's first block; else the input


class ShortcutStride(StrEnum):
    """What strides in a shortcut. Where there is no convolution, CONV is MAX_POOL."""

    CONV = "conv"
    MAX_POOL = "max_pool"  # 1x1: it only drops pixels
    AVG_POOL = "avg_pool"  # 2x2, ResNet-D: every pixel counts


class StrideBlock(StrEnum):
    """Which block takes the stride between two stages."""

    FIRST = "first"  # the first block of the later stage
    LAST = "last"  # the last block of the earlier stage; keras V2, TF-slim


class Bias(StrEnum):
    """Which convolutions have a bias."""

    NEVER = "never"
    ALWAYS = "always"  # keras.applications V1
    WITHOUT_NORM = "without_norm"  # exactly where no norm follows; keras.applications V2
