"""A padded max-pool, 3x3 with stride 2, on (N, H, W, C) feature maps."""

import math

import numpy as np
import torch
from keras import layers, ops
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Negative feature maps: there was no ReLU."""
    return {"x": -np.random.default_rng(0).uniform(1.0, 2.0, (2, 6, 8, 3))}


def with_torch(x: np.ndarray) -> np.ndarray:
    pool = nn.MaxPool2d(3, stride=2, padding=1)  # pads with minus infinity
    return pool(torch.from_numpy(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()


def with_keras(x: np.ndarray) -> np.ndarray:
    edges = ((0, 0), (1, 1), (1, 1), (0, 0))
    padded = ops.pad(x, edges, constant_values=-math.inf)  # never the maximum
    return layers.MaxPooling2D(3, strides=2, dtype="float64")(padded).numpy()


def mistake(x: np.ndarray) -> np.ndarray:
    padded = layers.ZeroPadding2D(1, dtype="float64")(x)  # the maximum of negative values
    return layers.MaxPooling2D(3, strides=2, dtype="float64")(padded).numpy()
