"""The cross-entropy of a batch with class weights (K,), from logits (N, K) and labels (N,)."""

import keras
import numpy as np
import torch
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Four images and five classes of different weights."""
    return {
        "logits": np.random.default_rng(0).standard_normal((4, 5)),
        "labels": np.array([0, 3, 1, 4]),
        "weights": np.array([0.25, 0.5, 1.0, 2.0, 4.0]),
    }


def with_torch(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    x, y = torch.from_numpy(logits), torch.from_numpy(labels)
    return F.cross_entropy(x, y, weight=torch.from_numpy(weights)).numpy()


def with_keras(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True,
        reduction="mean_with_sample_weight",  # divides by the sum of the weights
        dtype="float64",
    )
    return np.array(loss(labels, logits, sample_weight=weights[labels]))


def mistake(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    loss = keras.losses.SparseCategoricalCrossentropy(  # divides by the number of images
        from_logits=True, dtype="float64"
    )
    return np.array(loss(labels, logits, sample_weight=weights[labels]))
