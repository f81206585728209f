"""The mean of each colour, of (N, H, W, C) images as image files have them."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Noise with little red, some green and much blue."""
    rng = np.random.default_rng(0)
    return {"images": rng.random((2, 4, 6, 3)) + np.array([0.0, 1.0, 2.0])}


def with_torch(images: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(images).permute(0, 3, 1, 2)  # NHWC to NCHW
    pool = nn.AdaptiveAvgPool2d(1)
    return pool(x).flatten(1).numpy()


def with_keras(images: np.ndarray) -> np.ndarray:
    pool = layers.GlobalAveragePooling2D(dtype="float64")  # reads NHWC
    return pool(images).numpy()


def mistake(images: np.ndarray) -> np.ndarray:
    n, height, width, channels = images.shape
    x = torch.from_numpy(images).reshape(n, channels, height, width)  # mixes colours and pixels
    pool = nn.AdaptiveAvgPool2d(1)
    return pool(x).flatten(1).numpy()
