"""A 3x3 convolution with stride 2 on (N, H, W, C) images."""

import numpy as np
import torch
from keras import layers
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Images of an even size, and a kernel in HWIO."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 6, 8, 3)), "kernel": rng.standard_normal((3, 3, 3, 4))}


def with_torch(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    oihw = torch.from_numpy(kernel).permute(3, 2, 0, 1)
    y = F.conv2d(torch.from_numpy(x).permute(0, 3, 1, 2), oihw, stride=2, padding=1)  # all edges
    return y.permute(0, 2, 3, 1).numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    padded = layers.ZeroPadding2D(1, dtype="float64")(x)  # all edges
    layer = layers.Conv2D(4, 3, strides=2, use_bias=False, dtype="float64")
    layer.build(padded.shape)
    layer.kernel.assign(kernel)
    return layer(padded).numpy()


def mistake(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    # "same" pads right and bottom only.
    layer = layers.Conv2D(4, 3, strides=2, padding="same", use_bias=False, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel)
    return layer(x).numpy()
