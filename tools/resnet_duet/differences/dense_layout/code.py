"""A classifier of three classes, on (N, 5) features, with a PyTorch kernel."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Features, and a kernel of (outputs, inputs)."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 5)), "kernel": rng.standard_normal((3, 5))}


def with_torch(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    fc = nn.Linear(5, 3, bias=False, dtype=torch.float64)
    fc.load_state_dict({"weight": torch.from_numpy(kernel)})  # (outputs, inputs)
    return fc(torch.from_numpy(x)).detach().numpy()


def with_keras(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    layer = layers.Dense(3, use_bias=False, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel.T)  # (inputs, outputs)
    return layer(x).numpy()


def mistake(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    layer = layers.Dense(3, use_bias=False, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel.reshape(layer.kernel.shape))  # the right shape only
    return layer(x).numpy()
