"""Weights that are saved, loaded and applied to features (N, C)."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Features and a matrix (features, classes)."""
    rng = np.random.default_rng(0)
    return {"x": rng.standard_normal((2, 8)), "matrix": rng.standard_normal((8, 5))}


def with_torch(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    net, file = nn.Linear(8, 5, bias=False, dtype=torch.float64), BytesIO()
    net.weight.data = torch.from_numpy(matrix).T
    torch.save(net.state_dict(), file)  # in the precision of the network
    file.seek(0)
    net.load_state_dict(torch.load(file, weights_only=True))
    return net(torch.from_numpy(x)).detach().numpy()


def with_keras(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    inputs = keras.Input((8,), dtype="float64")
    model = keras.Model(inputs, layers.Dense(5, use_bias=False, dtype="float64")(inputs))
    model.set_weights([matrix])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "net.weights.h5"
        model.save_weights(path)  # in the precision of the model
        model.load_weights(path)
    return model(x).numpy()


def mistake(x: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    net, file = nn.Linear(8, 5, bias=False, dtype=torch.float64), BytesIO()
    net.weight.data = torch.from_numpy(matrix).T
    torch.save(net.half().state_dict(), file)  # float16: 11 binary digits
    file.seek(0)
    net.double().load_state_dict(torch.load(file, weights_only=True))
    return net(torch.from_numpy(x)).detach().numpy()
