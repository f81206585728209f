"""A convolution of (N, H, W, C) images by a kernel in HWIO."""

import numpy as np
import torch
from keras import layers
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """An image that is black except for one pixel, and a kernel."""
    x = np.zeros((1, 5, 7, 1))
    x[0, 2, 3] = 1.0
    return {"x": x, "kernel": np.random.default_rng(0).standard_normal((3, 3, 1, 2))}


def with_torch(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    oihw = torch.from_numpy(kernel).permute(3, 2, 0, 1)  # moved axes, no rotation
    y = F.conv2d(torch.from_numpy(x).permute(0, 3, 1, 2), oihw)
    return y.permute(0, 2, 3, 1).numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    layer = layers.Conv2D(2, 3, use_bias=False, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel)  # no rotation
    return layer(x).numpy()


def mistake(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    layer = layers.Conv2D(2, 3, use_bias=False, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel[::-1, ::-1])  # right only for weights from Theano
    return layer(x).numpy()
