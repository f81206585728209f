"""A pre-activation block with a projection, on (N, H, W, C) images.

Its branch is one convolution. Kernels are (H, W, in, out).
"""

import numpy as np
import torch
from keras import layers, ops
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Images, the running mean of the norm, and the kernels of the branch and the projection."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.standard_normal((2, 6, 8, 4)),
        "mean": rng.standard_normal(4),
        "branch": rng.standard_normal((3, 3, 4, 6)),
        "projection": rng.standard_normal((1, 1, 4, 6)),
    }


def with_torch(
    x: np.ndarray, mean: np.ndarray, branch: np.ndarray, projection: np.ndarray
) -> np.ndarray:
    w, p = (torch.from_numpy(kernel).permute(3, 2, 0, 1) for kernel in (branch, projection))
    y = torch.from_numpy(x).permute(0, 3, 1, 2)
    h = F.batch_norm(y, torch.from_numpy(mean), torch.ones(4, dtype=y.dtype), eps=1e-5).relu()
    y = F.conv2d(h, w, padding=1) + F.conv2d(h, p)  # the projection reads h
    return y.permute(0, 2, 3, 1).numpy()


def with_keras(
    x: np.ndarray, mean: np.ndarray, branch: np.ndarray, projection: np.ndarray
) -> np.ndarray:
    norm = layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    norm.build(x.shape)
    norm.moving_mean.assign(mean)
    h = ops.relu(norm(x, training=False))
    y = ops.conv(h, branch, padding="same") + ops.conv(h, projection)  # the projection reads h
    return y.numpy()


def mistake(
    x: np.ndarray, mean: np.ndarray, branch: np.ndarray, projection: np.ndarray
) -> np.ndarray:
    norm = layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    norm.build(x.shape)
    norm.moving_mean.assign(mean)
    h = ops.relu(norm(x, training=False))
    y = ops.conv(h, branch, padding="same") + ops.conv(x, projection)  # the projection reads x
    return y.numpy()
