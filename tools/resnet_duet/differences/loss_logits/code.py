"""The gradient of a cross-entropy, from logits (N, K) and labels (N,) to (N, K)."""

import keras
import numpy as np
import tensorflow as tf
import torch
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Four images and five classes, with logits outside 0 to 1 too."""
    logits = np.random.default_rng(0).standard_normal((4, 5))
    return {"logits": logits, "labels": np.array([0, 3, 1, 4])}


def with_torch(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    x = torch.tensor(logits, requires_grad=True)
    value = F.cross_entropy(x, torch.from_numpy(labels))  # contains the softmax
    (gradient,) = torch.autograd.grad(value, x)
    return gradient.numpy()


def with_keras(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    x = tf.Variable(logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    with tf.GradientTape() as tape:
        value = loss(labels, x.value())
    return tape.gradient(value, x).numpy()


def mistake(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    x = tf.Variable(logits)
    loss = keras.losses.SparseCategoricalCrossentropy(dtype="float64")  # from_logits=False
    with tf.GradientTape() as tape:
        value = loss(labels, x.value())
    return tape.gradient(value, x).numpy()
