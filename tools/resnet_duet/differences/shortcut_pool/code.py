"""The strided shortcut of a ResNet-D, on (N, H, W, C) images of odd height and width."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images and the kernel (H, W, in, out) of the 1x1 convolution."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 7, 9, 4)), "kernel": rng.standard_normal((1, 1, 4, 6))}


def with_torch(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    pool = nn.AvgPool2d(2, 2, ceil_mode=True)  # the mean of 2x2 pixels
    conv = nn.Conv2d(4, 6, 1, bias=False)
    conv.weight.data = torch.from_numpy(kernel).permute(3, 2, 0, 1)
    y = conv(pool(torch.from_numpy(x).permute(0, 3, 1, 2)))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    pool = layers.AveragePooling2D(2, padding="same", dtype="float64")  # the mean of 2x2 pixels
    conv = layers.Conv2D(6, 1, use_bias=False, dtype="float64")
    conv.build(x.shape)
    conv.set_weights([kernel])
    return conv(pool(x)).numpy()


def mistake(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    conv = layers.Conv2D(6, 1, strides=2, use_bias=False, dtype="float64")  # one pixel of four
    conv.build(x.shape)
    conv.set_weights([kernel])
    return conv(x).numpy()
