"""A convolution with a bias and a batch norm in inference, on (N, H, W, C) images."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images, a kernel (H, W, in, out), its biases, and the running means of the norm."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.standard_normal((2, 6, 8, 3)),
        "kernel": rng.standard_normal((3, 3, 3, 4)),
        "bias": rng.standard_normal(4),
        "mean": rng.standard_normal(4),
    }


def with_torch(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, mean: np.ndarray) -> np.ndarray:
    weight = torch.from_numpy(kernel).permute(3, 2, 0, 1)
    conv = nn.Conv2d(3, 4, 3, padding=1, dtype=torch.float64)  # bias=True
    conv.load_state_dict({"weight": weight, "bias": torch.from_numpy(bias)})
    norm = nn.BatchNorm2d(4, dtype=torch.float64).eval()
    norm.running_mean = torch.from_numpy(mean)
    y = norm(conv(torch.from_numpy(x).permute(0, 3, 1, 2)))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, mean: np.ndarray) -> np.ndarray:
    conv = layers.Conv2D(4, 3, padding="same", dtype="float64")  # use_bias=True
    conv.build(x.shape)
    conv.set_weights([kernel, bias])
    norm = layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    norm.build((None, None, None, 4))
    norm.moving_mean.assign(mean)
    return norm(conv(x), training=False).numpy()


def mistake(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, mean: np.ndarray) -> np.ndarray:
    weight = torch.from_numpy(kernel).permute(3, 2, 0, 1)
    conv = nn.Conv2d(3, 4, 3, padding=1, bias=False, dtype=torch.float64)  # no bias
    conv.load_state_dict({"weight": weight})
    norm = nn.BatchNorm2d(4, dtype=torch.float64).eval()
    norm.running_mean = torch.from_numpy(mean)
    y = norm(conv(torch.from_numpy(x).permute(0, 3, 1, 2)))
    return y.permute(0, 2, 3, 1).detach().numpy()
