"""A convolution in float64, of (N, H, W, C) images with an (H, W, I, O) kernel."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images of many channels: each output is a sum of 576 products."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.standard_normal((2, 6, 8, 64)),
        "kernel": rng.standard_normal((3, 3, 64, 4)),
    }


def with_torch(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    conv = nn.Conv2d(64, 4, 3, bias=False).double()  # all parameters in float64
    conv.weight.data = torch.from_numpy(kernel).permute(3, 2, 0, 1)
    y = conv(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    conv = layers.Conv2D(4, 3, use_bias=False, dtype="float64")  # in every layer
    conv.build(x.shape)
    conv.kernel.assign(kernel)
    return conv(x).numpy()


def mistake(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    conv = layers.Conv2D(4, 3, use_bias=False)  # float32: set_floatx is too late from here on
    conv.build(x.shape)
    conv.kernel.assign(kernel)
    return conv(x).numpy()  # x is cast to float32 without a warning
