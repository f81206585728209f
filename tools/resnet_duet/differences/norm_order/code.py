"""A batch norm whose scale and offset are in an HDF5 file, on (N, H, W, C) images."""

import io

import h5py
import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray | bytes]:
    """Images, and the bytes of a file with `gamma` and `beta`."""
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    with h5py.File(stream, "w") as group:
        group["gamma"], group["beta"] = rng.uniform(0.5, 2.0, 4), rng.standard_normal(4)
    return {"x": rng.standard_normal((2, 6, 8, 4)), "file": stream.getvalue()}


def with_torch(x: np.ndarray, file: bytes) -> np.ndarray:
    with h5py.File(io.BytesIO(file)) as group:
        scale, offset = group["gamma"][()], group["beta"][()]  # by name
    norm = nn.BatchNorm2d(4, dtype=torch.float64).eval()
    norm.weight.data, norm.bias.data = torch.from_numpy(scale), torch.from_numpy(offset)
    y = norm(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, file: bytes) -> np.ndarray:
    norm = layers.BatchNormalization(epsilon=1e-5, dtype="float64")
    norm.build(x.shape)
    with h5py.File(io.BytesIO(file)) as group:
        norm.gamma.assign(group["gamma"][()])  # by name
        norm.beta.assign(group["beta"][()])
    return norm(x, training=False).numpy()


def mistake(x: np.ndarray, file: bytes) -> np.ndarray:
    with h5py.File(io.BytesIO(file)) as group:
        scale, offset = (array[()] for array in group.values())  # in alphabetical order: beta first
    norm = nn.BatchNorm2d(4, dtype=torch.float64).eval()
    norm.weight.data, norm.bias.data = torch.from_numpy(scale), torch.from_numpy(offset)
    y = norm(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()
