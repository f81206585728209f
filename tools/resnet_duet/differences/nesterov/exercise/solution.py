import keras
import numpy as np
import torch


def with_torch(nesterov):
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, weights = torch.optim.SGD([parameter], 1.0, momentum=0.5, nesterov=nesterov), [0.0]
    for _ in range(5):
        parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        weights.append(parameter.item())
    return (-np.diff(weights)).tolist()


def with_keras(nesterov):
    variable, weights = keras.Variable(np.zeros(1), dtype="float64"), [0.0]
    optimizer = keras.optimizers.SGD(1.0, momentum=0.5, nesterov=nesterov)
    for _ in range(5):
        optimizer.apply([np.ones(1)], [variable])
        weights.append(float(variable[0]))
    return (-np.diff(weights)).tolist()


plain, ahead = with_torch(False), with_torch(True)
assert with_keras(False) == plain == [1, 1.5, 1.75, 1.875, 1.9375]
# 1 + 0.5 * v is the next velocity: Nesterov is one step ahead while the gradient is constant.
assert with_keras(True)[:4] == ahead[:4] == plain[1:]
print("plain:", plain, " Nesterov:", ahead, " both approach 1 / (1 - 0.5)")
