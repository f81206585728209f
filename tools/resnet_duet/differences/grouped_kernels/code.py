"""A 3x3 convolution of (N, H, W, 4) images in two groups, to 6 channels."""

import numpy as np
import torch
from keras import layers, ops
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Images, and a kernel in HWIO with two inputs for each group."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 6, 8, 4)), "kernel": rng.standard_normal((3, 3, 2, 6))}


def with_torch(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    oihw = torch.from_numpy(kernel).permute(3, 2, 0, 1)
    y = F.conv2d(torch.from_numpy(x).permute(0, 3, 1, 2), oihw, groups=2)
    return y.permute(0, 2, 3, 1).numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    layer = layers.Conv2D(6, 3, groups=2, use_bias=False, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel)
    return layer(x).numpy()


def mistake(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    first = ops.conv(x[..., :2], kernel[..., :3])
    second = ops.conv(x[..., 2:], kernel[..., 3:])
    y = ops.stack([first, second], axis=-1)  # alternates; right: concatenate
    return ops.reshape(y, (*first.shape[:3], 6)).numpy()
