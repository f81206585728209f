"""The classifier of a network, on features (N, C)."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Features and a matrix (features, classes)."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 8)), "matrix": rng.standard_normal((8, 5))}


def with_torch(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    fc = nn.Linear(8, 5, bias=False)  # logits
    fc.weight.data = torch.from_numpy(matrix).T
    return fc(torch.from_numpy(x)).detach().numpy()


def with_keras(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    fc = layers.Dense(5, use_bias=False, dtype="float64")  # classifier_activation=None
    fc.build(x.shape)
    fc.set_weights([matrix])
    return fc(x).numpy()


def mistake(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    fc = layers.Dense(5, activation="softmax", use_bias=False, dtype="float64")  # probabilities
    fc.build(x.shape)
    fc.set_weights([matrix])
    return fc(x).numpy()
