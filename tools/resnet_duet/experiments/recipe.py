"""How a network is trained, in words of neither framework."""

from dataclasses import dataclass
from enum import StrEnum

from resnet_spec import ResNetError


class Velocity(StrEnum):
    """What momentum sums up, and so where the learning rate enters. See `differences`."""

    GRADIENTS = "gradients"  # v = momentum * v + g; w -= rate * v: PyTorch
    STEPS = "steps"  # v = momentum * v + rate * g; w -= v: Keras


class Decay(StrEnum):
    """How weights are drawn to zero."""

    COUPLED = "coupled"  # g += decay * w, before momentum: PyTorch's SGD
    DECOUPLED = "decoupled"  # w -= rate * decay * w, past momentum: Keras


class Variance(StrEnum):
    """What a norm keeps of a batch's variance over n numbers."""

    UNBIASED = "unbiased"  # divided by n - 1: PyTorch
    BIASED = "biased"  # divided by n: Keras


class Reduction(StrEnum):
    """One loss of the losses of a batch, each weighted by its class."""

    BY_WEIGHTS = "by the sum of the weights"  # PyTorch's mean
    BY_BATCH = "by the number of images"  # Keras' mean
    SUM = "by nothing"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Stochastic gradient descent on a cross-entropy, every step on the same batch.

    Rates, momentum and decay should be sums of few powers of 2: Keras passes them through float32.

    Attributes:
        rates: the learning rate of each step, above zero.
        momentum: share of the velocity that is kept.
        nesterov: whether a step looks ahead along the velocity; nothing without momentum.
        velocity: what it sums up.
        weight_decay: of every array that is learned.
        decay: how.
        variance: that norms keep.
        softmax: whether a softmax stands between the network and the loss.
        from_logits: whether the loss takes what it gets for logits, else for probabilities.
        label_smoothing: share of each label that is spread evenly over all classes.
        class_weights: one for each class.
        reduction: the sum of the weighted losses is divided by this.

    Raises:
        ResNetError: smoothing with unequal weights, or of a loss that takes probabilities: the two
            frameworks mean different things by either, and no setting of one is the other.
    """

    rates: tuple[float, ...]
    momentum: float
    nesterov: bool
    velocity: Velocity
    weight_decay: float
    decay: Decay
    variance: Variance
    softmax: bool
    from_logits: bool
    label_smoothing: float
    class_weights: tuple[float, ...]
    reduction: Reduction

    def __post_init__(self) -> None:
        if self.label_smoothing and not (self.from_logits and len(set(self.class_weights)) == 1):
            raise ResNetError("labels are smoothed only where logits are given and classes equal")
        if min(self.rates) <= 0:
            raise ResNetError(f"learning rates must be above zero, and these are {self.rates}")


# Three steps of plain gradient descent; where the frameworks differ, PyTorch's way.
PLAIN = Recipe(
    rates=(0.125, 0.125, 0.125),
    momentum=0.0,
    nesterov=False,
    velocity=Velocity.GRADIENTS,
    weight_decay=0.0,
    decay=Decay.COUPLED,
    variance=Variance.UNBIASED,
    softmax=False,
    from_logits=True,
    label_smoothing=0.0,
    class_weights=(1.0,) * 5,
    reduction=Reduction.BY_WEIGHTS,
)
