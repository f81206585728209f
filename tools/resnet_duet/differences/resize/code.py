"""Resize (N, H, W, C) images to a smaller (height, width)."""

import numpy as np
import tensorflow as tf
import torch
from torch.nn import functional as F

ROUNDING = 1e-5  # tf.image.resize computes in float32


def example() -> dict[str, np.ndarray | tuple[int, int]]:
    """Images of random pixels, to a third of their height and width."""
    return {"x": np.random.default_rng(0).uniform(0.0, 1.0, (2, 24, 36, 3)), "size": (8, 12)}


def with_torch(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    images = torch.from_numpy(x).permute(0, 3, 1, 2)
    y = F.interpolate(images, size, mode="bilinear", antialias=True)  # as torchvision's Resize
    return y.permute(0, 2, 3, 1).numpy()


def with_keras(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return tf.image.resize(x, size, "bilinear", antialias=True).numpy()


def mistake(x: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return tf.image.resize(x, size, "bilinear").numpy()  # antialias=False
