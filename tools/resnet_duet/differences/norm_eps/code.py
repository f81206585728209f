"""A batch norm in inference, on (N, H, W, C) images with running statistics (C,)."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images and the running variances of a trained norm."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 6, 8, 4)), "variance": rng.uniform(0.1, 1.0, 4)}


def with_torch(x: np.ndarray, variance: np.ndarray) -> np.ndarray:
    norm = nn.BatchNorm2d(4, dtype=torch.float64).eval()  # eps=1e-5
    norm.running_var = torch.from_numpy(variance)
    y = norm(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, variance: np.ndarray) -> np.ndarray:
    norm = layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    norm.build(x.shape)
    norm.moving_variance.assign(variance)
    return norm(x, training=False).numpy()


def mistake(x: np.ndarray, variance: np.ndarray) -> np.ndarray:
    norm = layers.BatchNormalization(dtype="float64")  # epsilon=1e-3
    norm.build(x.shape)
    norm.moving_variance.assign(variance)
    return norm(x, training=False).numpy()
