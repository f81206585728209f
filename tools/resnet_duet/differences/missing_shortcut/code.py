"""A convolution with a shortcut, on (N, H, W, C) images."""

import keras
import numpy as np
import torch
from keras import layers
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Images and a kernel (H, W, in, out)."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 6, 8, 4)), "kernel": rng.standard_normal((3, 3, 4, 4))}


def with_torch(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    weight = torch.from_numpy(kernel).permute(3, 2, 0, 1)
    shortcut = torch.from_numpy(x).permute(0, 3, 1, 2)
    y = F.conv2d(shortcut, weight, padding=1)
    y = y + shortcut  # the sum is the output
    return y.permute(0, 2, 3, 1).numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    shortcut = keras.Input(x.shape[1:], dtype="float64")
    y = layers.Conv2D(4, 3, padding="same", use_bias=False, dtype="float64")(shortcut)
    y = layers.Add(dtype="float64")([y, shortcut])  # the sum is the output
    model = keras.Model(shortcut, y)
    model.set_weights([kernel])
    return model(x).numpy()


def mistake(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    shortcut = keras.Input(x.shape[1:], dtype="float64")
    y = layers.Conv2D(4, 3, padding="same", use_bias=False, dtype="float64")(shortcut)
    layers.Add(dtype="float64")([y, shortcut])  # without `y =`: not part of the model
    model = keras.Model(shortcut, y)
    model.set_weights([kernel])
    return model(x).numpy()
