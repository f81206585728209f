"""The head of a pre-activation network, on (N, H, W, C) feature maps."""

import numpy as np
import torch
from keras import layers
from torch import nn
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """The sums of the last block, running means of the norm, and a matrix (features, classes)."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.standard_normal((2, 4, 6, 3)),
        "mean": rng.standard_normal(3),
        "matrix": rng.standard_normal((3, 5)),
    }


def with_torch(x: np.ndarray, mean: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    norm = nn.BatchNorm2d(3, dtype=torch.float64).eval()
    norm.running_mean = torch.from_numpy(mean)
    y = F.relu(norm(torch.from_numpy(x).permute(0, 3, 1, 2)))  # norm and ReLU of the head
    y = nn.AdaptiveAvgPool2d(1)(y).flatten(1)
    return F.linear(y, torch.from_numpy(matrix).T).detach().numpy()


def with_keras(x: np.ndarray, mean: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    norm = layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    norm.build(x.shape)
    norm.moving_mean.assign(mean)
    y = layers.ReLU(dtype="float64")(norm(x, training=False))  # norm and ReLU of the head
    y = layers.GlobalAveragePooling2D(dtype="float64")(y)
    dense = layers.Dense(5, use_bias=False, dtype="float64")
    dense.build(y.shape)
    dense.set_weights([matrix])
    return dense(y).numpy()


def mistake(x: np.ndarray, mean: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    y = layers.GlobalAveragePooling2D(dtype="float64")(x)  # no norm and no ReLU before it
    dense = layers.Dense(5, use_bias=False, dtype="float64")
    dense.build(y.shape)
    dense.set_weights([matrix])
    return dense(y).numpy()
