"""A batch norm in inference, on (N, H, W, C) images with four arrays (C,)."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images, and four positive arrays, so that no order of them makes a negative variance."""
    rng = np.random.default_rng(0)
    names = ("scale", "offset", "mean", "variance")
    return {"x": rng.standard_normal((2, 6, 8, 4))} | {n: rng.uniform(0.5, 2.0, 4) for n in names}


def with_torch(
    x: np.ndarray, scale: np.ndarray, offset: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    norm = nn.BatchNorm2d(4, dtype=torch.float64).eval()
    norm.weight.data, norm.bias.data = torch.from_numpy(scale), torch.from_numpy(offset)
    norm.running_mean, norm.running_var = torch.from_numpy(mean), torch.from_numpy(variance)
    y = norm(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(
    x: np.ndarray, scale: np.ndarray, offset: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    norm = layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    norm.build(x.shape)
    norm.set_weights([scale, offset, mean, variance])  # gamma, beta, moving_mean, moving_variance
    return norm(x, training=False).numpy()


def mistake(
    x: np.ndarray, scale: np.ndarray, offset: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> np.ndarray:
    norm = layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    norm.build(x.shape)
    norm.set_weights([mean, variance, scale, offset])  # the order of F.batch_norm, and of Caffe
    return norm(x, training=False).numpy()
