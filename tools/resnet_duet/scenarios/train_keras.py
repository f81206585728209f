"""Training steps in Keras, by its own optimizer and losses. train_torch.py corresponds.

Settings that Keras has are passed to its own code. Those that only PyTorch has are computed here,
and the comments explain the difference.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from resnet_duet.scenarios.optimizer_settings import (
    Decay,
    OptimizerSettings,
    Reduction,
    Variance,
    Velocity,
)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

REDUCTIONS = {
    Reduction.BY_WEIGHTS: "mean_with_sample_weight",
    Reduction.BY_BATCH: "sum_over_batch_size",
    Reduction.SUM: "sum",
}


def train(
    net: "keras.Model",
    images: np.ndarray,
    labels: np.ndarray,
    settings: OptimizerSettings,
    counts: Mapping[str, int],
    after_step: Callable[[], None],
) -> None:
    """Train a network of `resnet_tf.build` in place.

    Args:
        net: the network with its initial weights.
        images: (N, H, W, C), the batch of every step.
        labels: (N,) int64.
        settings: of the optimizer and the loss.
        counts: {name of a norm: values per channel in a batch}.
        after_step: called after every step.
    """
    import tensorflow as tf

    x, learned = images.astype(net.inputs[0].dtype), net.trainable_variables
    optimizer = sgd(net, settings)
    for rate in settings.rates:
        before = variances(net, counts)
        with tf.GradientTape() as tape:
            value = loss(net(x, training=True), labels, settings)
        gradients = tape.gradient(value, [variable.value for variable in learned])
        set_rate(optimizer, rate, settings)
        optimizer.apply(decay_by_hand(net, gradients, settings), learned)
        correct_variances(net, before, counts, settings)
        after_step()


def sgd(net: "keras.Model", settings: OptimizerSettings) -> "keras.optimizers.SGD":
    """The optimizer, with Keras' decoupled weight decay."""
    import keras

    optimizer = keras.optimizers.SGD(
        settings.rates[0],
        settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay if settings.decay is Decay.DECOUPLED else None,
    )
    # PyTorch's optimizer gets its parameters when it is made, Keras' at its first step.
    optimizer.build(net.trainable_variables)
    return optimizer


def loss(outputs: "tf.Tensor", labels: np.ndarray, settings: OptimizerSettings) -> "tf.Tensor":
    """The loss, a scalar, of outputs (N, K) and labels (N,)."""
    import keras
    from keras import ops

    # Not `ops.softmax`: it keeps a reference to the logits, and Keras' losses use those instead.
    scores = ops.exp(ops.log_softmax(outputs)) if settings.softmax else outputs
    weights = np.array(settings.class_weights)
    from_logits, reduction = settings.from_logits, REDUCTIONS[settings.reduction]
    if settings.label_smoothing:
        # In Keras only the loss of one-hot labels has label smoothing.
        smooth = keras.losses.CategoricalCrossentropy(
            from_logits, settings.label_smoothing, reduction=reduction, dtype=outputs.dtype
        )
        return smooth(np.eye(len(weights))[labels], scores, weights[labels])
    plain = keras.losses.SparseCategoricalCrossentropy(
        from_logits, reduction=reduction, dtype=outputs.dtype
    )
    # Losses take a weight per image; `fit(class_weight=...)` looks them up in the same way.
    return plain(labels, scores, weights[labels])


def set_rate(optimizer: "keras.optimizers.SGD", rate: float, settings: OptimizerSettings) -> None:
    """Set the learning rate of the next step."""
    # Keras' velocity is a sum of steps, each with the rate of its time, which a new rate does not
    # change. PyTorch's is a sum of gradients, so a new rate also applies to past gradients. In
    # terms of steps, PyTorch's velocity is scaled by new rate / old rate.
    if settings.velocity is Velocity.GRADIENTS:
        for velocity in optimizer.momentums:
            velocity.assign(velocity * (rate / float(optimizer.learning_rate)))
    optimizer.learning_rate = rate


def decay_by_hand(
    net: "keras.Model", gradients: list["tf.Tensor"], settings: OptimizerSettings
) -> list["tf.Tensor"]:
    """The gradients with coupled weight decay, which Keras' optimizers do not have."""
    # The gradient of an l2(decay / 2) regularizer of each layer, the usual way in Keras.
    if settings.decay is Decay.DECOUPLED:
        return gradients
    pairs = zip(gradients, net.trainable_variables, strict=True)
    return [gradient + settings.weight_decay * variable for gradient, variable in pairs]


def variances(net: "keras.Model", counts: Mapping[str, int]) -> dict[str, "tf.Tensor"]:
    """{name of a norm: its running variance (C,)}."""
    # TensorFlow tensors are immutable, so adding 0 makes a copy.
    return {name: net.get_layer(name).moving_variance.value + 0 for name in counts}


def correct_variances(
    net: "keras.Model",
    before: Mapping[str, "tf.Tensor"],
    counts: Mapping[str, int],
    settings: OptimizerSettings,
) -> None:
    """Keep unbiased running variances, as PyTorch does."""
    if settings.variance is Variance.BIASED:
        return
    for name, n in counts.items():
        norm = net.get_layer(name)
        # Keras 3 keeps the biased variance that it normalises by; PyTorch keeps the unbiased one.
        kept = norm.momentum * before[name]
        norm.moving_variance.assign(kept + (norm.moving_variance - kept) * n / (n - 1))
