"""Steps of SGD with momentum and a falling rate, on an (n,) weight with given gradients."""

import keras
import numpy as np
import torch
from torch import nn


def example() -> dict[str, np.ndarray]:
    """A weight (n,), its gradient in each step (steps, n), and the rate of each step (steps,)."""
    rng = np.random.default_rng(0)
    return {
        "weight": rng.standard_normal(5),
        "gradients": rng.standard_normal((4, 5)),
        "rates": np.array([0.5, 0.5, 0.125, 0.125]),
    }


def with_torch(weight: np.ndarray, gradients: np.ndarray, rates: np.ndarray) -> np.ndarray:
    parameter = nn.Parameter(torch.tensor(weight))
    optimizer = torch.optim.SGD([parameter], momentum=0.875)
    for gradient, rate in zip(gradients, rates, strict=True):
        optimizer.param_groups[0]["lr"] = rate  # as a scheduler does; the velocity has no rate
        parameter.grad = torch.from_numpy(gradient)
        optimizer.step()
    return parameter.detach().numpy()


def with_keras(weight: np.ndarray, gradients: np.ndarray, rates: np.ndarray) -> np.ndarray:
    variable = keras.Variable(weight, dtype="float64")
    optimizer = keras.optimizers.SGD(rates[0], momentum=0.875)
    optimizer.build([variable])
    for gradient, rate in zip(gradients, rates, strict=True):
        for velocity in optimizer.momentums:  # from steps at the old rate to steps at the new
            velocity.assign(velocity * (rate / float(optimizer.learning_rate)))
        optimizer.learning_rate = rate
        optimizer.apply([gradient], [variable])
    return variable.numpy()


def mistake(weight: np.ndarray, gradients: np.ndarray, rates: np.ndarray) -> np.ndarray:
    variable = keras.Variable(weight, dtype="float64")
    optimizer = keras.optimizers.SGD(rates[0], momentum=0.875)
    for gradient, rate in zip(gradients, rates, strict=True):
        optimizer.learning_rate = rate  # the velocity keeps steps at the old rate
        optimizer.apply([gradient], [variable])
    return variable.numpy()
