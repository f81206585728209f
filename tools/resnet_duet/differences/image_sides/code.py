"""An (H, W, C) image through a convolution, ReLU and global mean, to (O,) features."""

import numpy as np
import torch
from keras import ops
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """A wide image, and a kernel in HWIO."""
    rng = np.random.default_rng(0)
    return {"image": rng.standard_normal((6, 9, 3)), "kernel": rng.standard_normal((3, 3, 3, 4))}


def with_torch(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(image).permute(2, 0, 1)  # (C, H, W)
    y = F.conv2d(x, torch.from_numpy(kernel).permute(3, 2, 0, 1))
    return y.relu().mean((1, 2)).numpy()


def with_keras(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    x = ops.convert_to_tensor(image[None])  # (1, H, W, C)
    y = ops.relu(ops.conv(x, kernel))
    return ops.mean(y, axis=(0, 1, 2)).numpy()


def mistake(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(image.T)  # (C, W, H)
    y = F.conv2d(x, torch.from_numpy(kernel).permute(3, 2, 0, 1))
    return y.relu().mean((1, 2)).numpy()
