"""A convolution of (N, H, W, C) images by a PyTorch kernel."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images, and a kernel in OIHW."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 6, 8, 3)), "kernel": rng.standard_normal((4, 3, 3, 3))}


def with_torch(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    conv = nn.Conv2d(3, 4, 3, bias=False, dtype=torch.float64)
    conv.load_state_dict({"weight": torch.from_numpy(kernel)})  # (O, I, H, W)
    y = conv(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    layer = layers.Conv2D(4, 3, use_bias=False, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel.transpose(2, 3, 1, 0))  # (H, W, I, O)
    return layer(x).numpy()


def mistake(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    layer = layers.Conv2D(4, 3, use_bias=False, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel.T)  # (W, H, I, O)
    return layer(x).numpy()
