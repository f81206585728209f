"""A head that flattens (N, H, W, C) feature maps, with a PyTorch kernel."""

import numpy as np
import torch
from keras import layers, ops
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Feature maps of 2x3 pixels and 4 channels, and a kernel of (outputs, 4 * 2 * 3)."""
    rng = np.random.default_rng(0)
    return {"maps": rng.standard_normal((2, 2, 3, 4)), "kernel": rng.standard_normal((5, 24))}


def with_torch(maps: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    x = torch.flatten(torch.from_numpy(maps).permute(0, 3, 1, 2), 1)  # in the order CHW
    return F.linear(x, torch.from_numpy(kernel)).numpy()


def with_keras(maps: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    x = layers.Permute((3, 1, 2), dtype="float64")(maps)  # to CHW first
    x = layers.Flatten(dtype="float64")(x)
    return ops.matmul(x, kernel.T).numpy()


def mistake(maps: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    x = layers.Flatten(dtype="float64")(maps)  # in the order HWC
    return ops.matmul(x, kernel.T).numpy()
