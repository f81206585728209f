"""A convolution that gave up its stride, and the next one, which is dilated for it.

Images are (N, H, W, C), kernels (H, W, in, out).
"""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images and the two kernels."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.standard_normal((2, 8, 12, 3)),
        "one": rng.standard_normal((3, 3, 3, 4)),
        "two": rng.standard_normal((3, 3, 4, 4)),
    }


def with_torch(x: np.ndarray, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    first = nn.Conv2d(3, 4, 3, padding=1, bias=False)
    second = nn.Conv2d(4, 4, 3, padding=2, dilation=2, bias=False)  # dilated, no stride before
    first.weight.data = torch.from_numpy(one).permute(3, 2, 0, 1)
    second.weight.data = torch.from_numpy(two).permute(3, 2, 0, 1)
    y = second(first(torch.from_numpy(x).permute(0, 3, 1, 2)))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    same = {"padding": "same", "use_bias": False, "dtype": "float64"}
    first = layers.Conv2D(4, 3, **same)
    second = layers.Conv2D(4, 3, dilation_rate=2, **same)  # dilated, no stride before
    first.build(x.shape)
    second.build((None, None, None, 4))
    first.set_weights([one])
    second.set_weights([two])
    return second(first(x)).numpy()


def mistake(x: np.ndarray, one: np.ndarray, two: np.ndarray) -> np.ndarray:
    same = {"padding": "same", "use_bias": False, "dtype": "float64"}
    first = layers.Conv2D(4, 3, strides=2, **same)  # as in the classifier
    second = layers.Conv2D(4, 3, **same)
    first.build(x.shape)
    second.build((None, None, None, 4))
    first.set_weights([one])
    second.set_weights([two])
    return second(first(x)).numpy()
