"""Training steps in Keras, by its own optimizer and losses. Beside it: train_torch.py.

What a recipe asks for and Keras has, its own code does; what only PyTorch has is put right by hand,
and that is what the comments are about.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from resnet_duet.experiments.recipe import Decay, Recipe, Reduction, Variance, Velocity

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
    recipe: Recipe,
    counts: Mapping[str, int],
    after_step: Callable[[], None],
) -> None:
    """Train a network of `resnet_tf.build` in place.

    Args:
        net: the network, weights as they are.
        images: (N, H, W, C), the batch of every step.
        labels: (N,) int64.
        recipe: how.
        counts: {name of a norm: how many numbers of the batch each of its channels has}.
        after_step: is called after every step.
    """
    import tensorflow as tf

    x, learned = images.astype(net.inputs[0].dtype), net.trainable_variables
    optimizer = sgd(net, recipe)
    for rate in recipe.rates:
        before = variances(net, counts)
        with tf.GradientTape() as tape:
            value = loss(net(x, training=True), labels, recipe)
        gradients = tape.gradient(value, [variable.value for variable in learned])
        set_rate(optimizer, rate, recipe)
        optimizer.apply(decay_by_hand(net, gradients, recipe), learned)
        correct_variances(net, before, counts, recipe)
        after_step()


def sgd(net: "keras.Model", recipe: Recipe) -> "keras.optimizers.SGD":
    """The optimizer, with the decoupled decay that is Keras'."""
    import keras

    optimizer = keras.optimizers.SGD(
        recipe.rates[0],
        recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay if recipe.decay is Decay.DECOUPLED else None,
    )
    # PyTorch's optimizer is made of parameters; Keras' would learn at its first step what they are.
    optimizer.build(net.trainable_variables)
    return optimizer


def loss(outputs: "tf.Tensor", labels: np.ndarray, recipe: Recipe) -> "tf.Tensor":
    """() of the network's outputs (N, K) and labels (N,)."""
    import keras
    from keras import ops

    # Not `ops.softmax`: Keras' softmax remembers the logits, and Keras' losses take those instead.
    scores = ops.exp(ops.log_softmax(outputs)) if recipe.softmax else outputs
    weights = np.array(recipe.class_weights)
    from_logits, reduction = recipe.from_logits, REDUCTIONS[recipe.reduction]
    if recipe.label_smoothing:
        # The loss of label numbers has no smoothing in Keras; that of one-hot labels has.
        smooth = keras.losses.CategoricalCrossentropy(
            from_logits, recipe.label_smoothing, reduction=reduction, dtype=outputs.dtype
        )
        return smooth(np.eye(len(weights))[labels], scores, weights[labels])
    plain = keras.losses.SparseCategoricalCrossentropy(
        from_logits, reduction=reduction, dtype=outputs.dtype
    )
    # A loss knows images and no classes: `fit(class_weight=...)` looks weights up in the same way.
    return plain(labels, scores, weights[labels])


def set_rate(optimizer: "keras.optimizers.SGD", rate: float, recipe: Recipe) -> None:
    """Let the next step have this learning rate."""
    # Keras' velocity is made of steps, taken at the rates of their time, which a new rate does not
    # change. PyTorch's is made of gradients, so that a new rate is a new rate for old ones too:
    # that is, for steps in the ratio of the rates.
    if recipe.velocity is Velocity.GRADIENTS:
        for velocity in optimizer.momentums:
            velocity.assign(velocity * (rate / float(optimizer.learning_rate)))
    optimizer.learning_rate = rate


def decay_by_hand(
    net: "keras.Model", gradients: list["tf.Tensor"], recipe: Recipe
) -> list["tf.Tensor"]:
    """The decay that is not the optimizer's own: coupled, a part of each gradient."""
    # In Keras that would be a regularizer of each layer, l2(decay / 2), whose gradient this is.
    if recipe.decay is Decay.DECOUPLED:
        return gradients
    pairs = zip(gradients, net.trainable_variables, strict=True)
    return [gradient + recipe.weight_decay * variable for gradient, variable in pairs]


def variances(net: "keras.Model", counts: Mapping[str, int]) -> dict[str, "tf.Tensor"]:
    """{name of a norm: its running variance (C,)}."""
    # A TensorFlow tensor is a value, so this is a copy.
    return {name: net.get_layer(name).moving_variance.value + 0 for name in counts}


def correct_variances(
    net: "keras.Model",
    before: Mapping[str, "tf.Tensor"],
    counts: Mapping[str, int],
    recipe: Recipe,
) -> None:
    """The running variances that are not Keras' own: unbiased."""
    if recipe.variance is Variance.BIASED:
        return
    for name, n in counts.items():
        norm = net.get_layer(name)
        # Keras keeps the biased variance it normalises by; PyTorch keeps the unbiased one.
        kept = norm.momentum * before[name]
        norm.moving_variance.assign(kept + (norm.moving_variance - kept) * n / (n - 1))
