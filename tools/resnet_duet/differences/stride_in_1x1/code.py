"""The strided half of a bottleneck, on (N, H, W, C) images with kernels (H, W, in, out)."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images, the kernel of the first 1x1 convolution and that of the 3x3."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.standard_normal((2, 7, 9, 4)),
        "one": rng.standard_normal((1, 1, 4, 2)),
        "three": rng.standard_normal((3, 3, 2, 3)),
    }


def with_torch(x: np.ndarray, one: np.ndarray, three: np.ndarray) -> np.ndarray:
    first = nn.Conv2d(4, 2, 1, bias=False)
    second = nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False)  # the 3x3 strides: v1.5
    first.weight.data = torch.from_numpy(one).permute(3, 2, 0, 1)
    second.weight.data = torch.from_numpy(three).permute(3, 2, 0, 1)
    y = second(first(torch.from_numpy(x).permute(0, 3, 1, 2)).relu())
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, one: np.ndarray, three: np.ndarray) -> np.ndarray:
    first = layers.Conv2D(2, 1, activation="relu", use_bias=False, dtype="float64")
    second = layers.Conv2D(3, 3, strides=2, use_bias=False, dtype="float64")  # v1.5
    first.build(x.shape)
    second.build((None, None, None, 2))
    first.set_weights([one])
    second.set_weights([three])
    return second(layers.ZeroPadding2D(1, dtype="float64")(first(x))).numpy()


def mistake(x: np.ndarray, one: np.ndarray, three: np.ndarray) -> np.ndarray:
    first = layers.Conv2D(2, 1, strides=2, activation="relu", use_bias=False, dtype="float64")  # v1
    second = layers.Conv2D(3, 3, use_bias=False, dtype="float64")
    first.build(x.shape)
    second.build((None, None, None, 2))
    first.set_weights([one])
    second.set_weights([three])
    return second(layers.ZeroPadding2D(1, dtype="float64")(first(x))).numpy()
