"""The running mean (C,) of a new batch norm after one batch of (N, H, W, C) images."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images whose mean is not 0, the initial running mean."""
    return {"x": np.random.default_rng(0).uniform(0.0, 1.0, (2, 6, 8, 4))}


def with_torch(x: np.ndarray) -> np.ndarray:
    norm = nn.BatchNorm2d(4, momentum=0.1, dtype=torch.float64)  # 0.9 * old + 0.1 * batch
    norm(torch.from_numpy(x).permute(0, 3, 1, 2))
    return norm.running_mean.numpy()


def with_keras(x: np.ndarray) -> np.ndarray:
    norm = layers.BatchNormalization(momentum=0.9, dtype="float64")  # 0.9 * old + 0.1 * batch
    norm(x, training=True)
    return norm.moving_mean.numpy()


def mistake(x: np.ndarray) -> np.ndarray:
    norm = layers.BatchNormalization(momentum=0.1, dtype="float64")  # 0.1 * old + 0.9 * batch
    norm(x, training=True)
    return norm.moving_mean.numpy()
