"""A float64 network of one pooling layer, on (N, H, W, C) images."""

import keras
import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images whose values have more digits than float32 holds."""
    return {"x": np.random.default_rng(0).standard_normal((2, 6, 8, 4))}


def with_torch(x: np.ndarray) -> np.ndarray:
    net = nn.Sequential(nn.MaxPool2d(2)).double()
    y = net(torch.from_numpy(x).permute(0, 3, 1, 2))  # float64, as the input
    return y.permute(0, 2, 3, 1).numpy()


def with_keras(x: np.ndarray) -> np.ndarray:
    images = keras.Input(x.shape[1:], dtype="float64")
    model = keras.Model(images, layers.MaxPooling2D(dtype="float64")(images))
    return model(x, training=False).numpy()  # not model.predict(x)


def mistake(x: np.ndarray) -> np.ndarray:
    images = keras.Input(x.shape[1:])  # dtype="float32"
    model = keras.Model(images, layers.MaxPooling2D(dtype="float64")(images))
    return model(x, training=False).numpy()
