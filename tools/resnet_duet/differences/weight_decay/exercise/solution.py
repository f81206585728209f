import keras
import numpy as np
import torch

parameter = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
optimizer = torch.optim.SGD([parameter], 0.5, momentum=0.5, weight_decay=0.25)
with_torch = []
for _ in range(2):
    parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    with_torch.append(parameter.item())


def with_keras(decay, penalty):
    variable = keras.Variable(np.ones(1), dtype="float64")
    optimizer = keras.optimizers.SGD(0.5, momentum=0.5, weight_decay=decay)
    weights = []
    for _ in range(2):
        optimizer.apply([penalty * variable.value], [variable])  # the gradient of L2(penalty / 2)
        weights.append(float(variable[0]))
    return weights


# PyTorch: v = 0.25, then v = 0.5 * 0.25 + 0.25 * 0.875. Keras: twice the factor 1 - 0.5 * 0.25.
assert with_torch == [0.875, 0.703125]
assert with_keras(decay=0.25, penalty=0.0) == [0.875, 0.765625]
assert with_keras(decay=None, penalty=0.25) == with_torch
print("PyTorch:", with_torch, " Keras:", with_keras(decay=0.25, penalty=0.0))
