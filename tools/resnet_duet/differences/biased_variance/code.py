"""The running variance (C,) of a new batch norm after one batch of (N, H, W, C) images."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """A small batch of small feature maps: n = 2 * 3 * 4 values per channel."""
    return {"x": np.random.default_rng(0).standard_normal((2, 3, 4, 5))}


def with_torch(x: np.ndarray) -> np.ndarray:
    norm = nn.BatchNorm2d(5, dtype=torch.float64)
    norm(torch.from_numpy(x).permute(0, 3, 1, 2))  # keeps x.var(dim=(0, 2, 3), correction=1)
    return norm.running_var.numpy()


def with_keras(x: np.ndarray) -> np.ndarray:
    norm = layers.BatchNormalization(momentum=0.9, dtype="float64")
    norm.build(x.shape)
    n = x[..., 0].size
    old = 0.9 * norm.moving_variance.numpy()
    norm(x, training=True)
    corrected = old + (norm.moving_variance.numpy() - old) * n / (n - 1)  # after each step
    norm.moving_variance.assign(corrected)
    return norm.moving_variance.numpy()


def mistake(x: np.ndarray) -> np.ndarray:
    norm = layers.BatchNormalization(momentum=0.9, dtype="float64")
    norm(x, training=True)  # keeps keras.ops.var(x, axis=(0, 1, 2))
    return norm.moving_variance.numpy()
