"""The max-pool of an ImageNet stem, 3x3 with stride 2, on (N, H, W, C) feature maps."""

import math

import numpy as np
import torch
from keras import layers, ops
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Feature maps of an even size."""
    return {"x": np.random.default_rng(0).standard_normal((2, 6, 8, 3))}


def with_torch(x: np.ndarray) -> np.ndarray:
    pool = nn.MaxPool2d(3, stride=2, padding=1)  # all edges
    return pool(torch.from_numpy(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()


def with_keras(x: np.ndarray) -> np.ndarray:
    edges = ((0, 0), (1, 1), (1, 1), (0, 0))  # all edges
    padded = ops.pad(x, edges, constant_values=-math.inf)
    return layers.MaxPooling2D(3, strides=2, dtype="float64")(padded).numpy()


def mistake(x: np.ndarray) -> np.ndarray:
    pool = layers.MaxPooling2D(3, strides=2, padding="same", dtype="float64")  # right and bottom
    return pool(x).numpy()
