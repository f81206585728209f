"""Settings of a training, in terms that are neither framework's."""

from dataclasses import dataclass
from enum import StrEnum

from resnet_spec import ResNetError


class Velocity(StrEnum):
    """The sum that momentum keeps, which decides where the learning rate enters."""

    GRADIENTS = "gradients"  # v = momentum * v + g; w -= rate * v: PyTorch
    STEPS = "steps"  # v = momentum * v + rate * g; w -= v: Keras


class Decay(StrEnum):
    """Kinds of weight decay."""

    COUPLED = "coupled"  # g += decay * w, before momentum: PyTorch's SGD
    DECOUPLED = "decoupled"  # w -= rate * decay * w, outside of momentum: Keras


class Variance(StrEnum):
    """The running variance that a norm keeps, of n values per channel."""

    UNBIASED = "unbiased"  # divided by n - 1: PyTorch; Keras 2's fused norm
    BIASED = "biased"  # divided by n: Keras 3


class Reduction(StrEnum):
    """The divisor of the sum of a batch's losses, each weighted by its class."""

    BY_WEIGHTS = "by the sum of the weights"  # PyTorch's mean
    BY_BATCH = "by the number of images"  # Keras' mean
    SUM = "by nothing"


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """Stochastic gradient descent on a cross-entropy, every step on the same batch.

    Rates, momentum and decay should be sums of few powers of 2, because Keras rounds them to
    float32.

    Attributes:
        rates: the learning rate of each step, above zero.
        momentum: the share of the velocity that is kept.
        nesterov: whether to use Nesterov momentum; no effect if momentum is 0.
        velocity: the sum that momentum keeps.
        weight_decay: of every learned array.
        decay: the kind of weight decay.
        variance: the running variance that norms keep.
        softmax: whether there is a softmax between the network and the loss.
        from_logits: whether the loss takes its input for logits; else for probabilities.
        label_smoothing: the share of each label that is spread evenly over all classes.
        class_weights: one for each class.
        reduction: the divisor of the sum of the weighted losses.

    Raises:
        ResNetError: a rate is not above zero; or labels are smoothed with unequal class weights or
            with a loss of probabilities, which mean different things in the two frameworks.
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
            raise ResNetError("label_smoothing needs from_logits=True and equal class_weights")
        if min(self.rates) <= 0:
            raise ResNetError(f"learning rates must be above zero, not {self.rates}")


# Three steps of plain gradient descent. Where the frameworks differ, as in PyTorch.
PLAIN = OptimizerSettings(
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
