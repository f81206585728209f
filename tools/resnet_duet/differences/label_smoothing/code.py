"""The smoothed cross-entropy of each image, from logits (N, K) and class indices (N,)."""

import keras
import numpy as np
import torch
from keras import ops
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Four images and five classes."""
    logits = np.random.default_rng(0).standard_normal((4, 5))
    return {"logits": logits, "labels": np.array([0, 3, 1, 4])}


def with_torch(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    x, y = torch.from_numpy(logits), torch.from_numpy(labels)
    return F.cross_entropy(x, y, label_smoothing=0.1, reduction="none").numpy()


def with_keras(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    loss = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=0.1, reduction="none", dtype="float64"
    )
    return loss(ops.one_hot(labels, 5, dtype="float64"), logits).numpy()  # one-hot labels


def mistake(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    loss = keras.losses.SparseCategoricalCrossentropy(  # has no label_smoothing
        from_logits=True, reduction="none", dtype="float64"
    )
    return loss(labels, logits).numpy()
