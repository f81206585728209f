"""The average pool of a ResNet-D shortcut on (N, H, W, C) feature maps."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Feature maps of an odd size."""
    return {"x": np.random.default_rng(0).uniform(1.0, 2.0, (2, 5, 7, 3))}


def with_torch(x: np.ndarray) -> np.ndarray:
    pool = nn.AvgPool2d(2, stride=2, ceil_mode=True, count_include_pad=False)  # no padding counts
    return pool(torch.from_numpy(x).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).numpy()


def with_keras(x: np.ndarray) -> np.ndarray:
    pool = layers.AveragePooling2D(
        2, strides=2, padding="same", dtype="float64"
    )  # no padding counts
    return pool(x).numpy()


def mistake(x: np.ndarray) -> np.ndarray:
    padded = layers.ZeroPadding2D(((0, 1), (0, 1)), dtype="float64")(x)  # its zeros count
    return layers.AveragePooling2D(2, strides=2, dtype="float64")(padded).numpy()
