"""Steps of SGD with Nesterov momentum, on an (n,) weight with given gradients."""

import keras
import numpy as np
import torch
from torch import nn


def example() -> dict[str, np.ndarray]:
    """A weight (n,) and its gradient in each step (steps, n)."""
    rng = np.random.default_rng(0)
    return {"weight": rng.standard_normal(5), "gradients": rng.standard_normal((3, 5))}


def with_torch(weight: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    parameter = nn.Parameter(torch.tensor(weight))
    optimizer = torch.optim.SGD([parameter], 0.125, momentum=0.875, nesterov=True)
    for gradient in gradients:
        parameter.grad = torch.from_numpy(gradient)
        optimizer.step()
    return parameter.detach().numpy()


def with_keras(weight: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    variable = keras.Variable(weight, dtype="float64")
    optimizer = keras.optimizers.SGD(0.125, momentum=0.875, nesterov=True)
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    return variable.numpy()


def mistake(weight: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    variable = keras.Variable(weight, dtype="float64")
    optimizer = keras.optimizers.SGD(0.125, momentum=0.875)  # nesterov=False
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    return variable.numpy()
