"""The end of a residual block, without its norm, on (N, H, W, C) images."""

import numpy as np
import torch
from keras import layers
from torch import nn
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Images and a kernel (H, W, in, out)."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 6, 8, 4)), "kernel": rng.standard_normal((3, 3, 4, 4))}


def with_torch(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
    conv.weight.data = torch.from_numpy(kernel).permute(3, 2, 0, 1)
    shortcut = torch.from_numpy(x).permute(0, 3, 1, 2)
    y = F.relu(conv(shortcut) + shortcut)  # add, then ReLU
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    conv = layers.Conv2D(4, 3, padding="same", use_bias=False, dtype="float64")
    conv.build(x.shape)
    conv.set_weights([kernel])
    y = layers.Add(dtype="float64")([conv(x), x])
    return layers.ReLU(dtype="float64")(y).numpy()  # add, then ReLU


def mistake(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    conv = layers.Conv2D(4, 3, activation="relu", padding="same", use_bias=False, dtype="float64")
    conv.build(x.shape)
    conv.set_weights([kernel])
    return layers.Add(dtype="float64")([conv(x), x]).numpy()  # ReLU, then add
