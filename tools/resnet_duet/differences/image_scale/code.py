"""Images of bytes to 0 ... 1, both (N, H, W, C)."""

import numpy as np
import torch
from keras import layers


def example() -> dict[str, np.ndarray]:
    """Random bytes."""
    return {"images": np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3), dtype=np.uint8)}


def with_torch(images: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(images).permute(0, 3, 1, 2).double() / 255  # what ToTensor computes
    return x.permute(0, 2, 3, 1).numpy()


def with_keras(images: np.ndarray) -> np.ndarray:
    # load_img gives 0 to 255. Rescaling would round a Python float to float32.
    x = layers.Rescaling(np.float64(1 / 255), dtype="float64")(images)
    return x.numpy()


def mistake(images: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(images).permute(0, 3, 1, 2).double() / 255  # what ToTensor computes
    x = x / 255  # once too often
    return x.permute(0, 2, 3, 1).numpy()
