"""A trained batch norm, on (N, H, W, C) images with running statistics (C,)."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """A batch whose own statistics are not the running ones."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((2, 6, 8, 4))
    return {"x": images, "mean": rng.standard_normal(4), "variance": rng.uniform(0.5, 2.0, 4)}


def with_torch(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    norm = nn.BatchNorm2d(4, dtype=torch.float64)
    norm.running_mean, norm.running_var = torch.tensor(mean), torch.tensor(variance)
    norm.eval()
    y = norm(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    norm = layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    norm.build(x.shape)
    norm.moving_mean.assign(mean)
    norm.moving_variance.assign(variance)
    return norm(x, training=False).numpy()  # the default outside fit()


def mistake(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    norm = nn.BatchNorm2d(4, dtype=torch.float64)  # a new module is in training mode
    norm.running_mean, norm.running_var = torch.tensor(mean), torch.tensor(variance)
    y = norm(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()
