"""The last block of a stage and the first block of the next, without their norms.

Images are (N, H, W, C), kernels (H, W, in, out).
"""

import numpy as np
import torch
from keras import layers, ops
from torch.nn import functional as F


def example() -> dict[str, np.ndarray]:
    """Images, the kernels of both blocks, and the projection of the second."""
    rng = np.random.default_rng(0)
    return {
        "x": rng.standard_normal((2, 8, 12, 4)),
        "last": rng.standard_normal((3, 3, 4, 4)),
        "first": rng.standard_normal((3, 3, 4, 6)),
        "projection": rng.standard_normal((1, 1, 4, 6)),
    }


def with_torch(
    x: np.ndarray, last: np.ndarray, first: np.ndarray, projection: np.ndarray
) -> np.ndarray:
    v, w, p = (torch.from_numpy(k).permute(3, 2, 0, 1) for k in (last, first, projection))
    x_nchw = torch.from_numpy(x).permute(0, 3, 1, 2)
    # The last block of the stage strides, and so does its shortcut.
    y = F.conv2d(x_nchw.relu(), v, stride=2, padding=1) + F.max_pool2d(x_nchw, 1, stride=2)
    z = F.conv2d(y.relu(), w, padding=1) + F.conv2d(y.relu(), p)
    return z.permute(0, 2, 3, 1).numpy()


def with_keras(
    x: np.ndarray, last: np.ndarray, first: np.ndarray, projection: np.ndarray
) -> np.ndarray:
    padded = ops.pad(ops.relu(x), ((0, 0), (1, 1), (1, 1), (0, 0)))
    # The last block of the stage strides, and so does its shortcut.
    y = ops.conv(padded, last, strides=2) + layers.MaxPooling2D(1, 2, dtype="float64")(x)
    h = ops.relu(y)
    return (ops.conv(h, first, padding="same") + ops.conv(h, projection)).numpy()


def mistake(
    x: np.ndarray, last: np.ndarray, first: np.ndarray, projection: np.ndarray
) -> np.ndarray:
    v, w, p = (torch.from_numpy(k).permute(3, 2, 0, 1) for k in (last, first, projection))
    x_nchw = torch.from_numpy(x).permute(0, 3, 1, 2)
    y = F.conv2d(x_nchw.relu(), v, padding=1) + x_nchw
    # The first block of the next stage strides, as in the paper.
    z = F.conv2d(y.relu(), w, stride=2, padding=1) + F.conv2d(y.relu(), p, stride=2)
    return z.permute(0, 2, 3, 1).numpy()
