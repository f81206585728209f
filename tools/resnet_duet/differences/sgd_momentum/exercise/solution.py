from itertools import pairwise

import keras
import numpy as np
import torch

RATES = (1.0, 1.0, 0.125)
parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
optimizer, with_torch = torch.optim.SGD([parameter], 1.0, momentum=0.5), []
for rate in RATES:
    optimizer.param_groups[0]["lr"] = rate
    parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    with_torch.append(parameter.item())


def with_keras(fixed):
    variable = keras.Variable(np.zeros(1), dtype="float64")
    optimizer, weights = keras.optimizers.SGD(1.0, momentum=0.5), []
    optimizer.build([variable])
    for before, rate in pairwise((1.0, *RATES)):
        if fixed:
            optimizer.momentums[0].assign(optimizer.momentums[0] * rate / before)
        optimizer.learning_rate = rate
        optimizer.apply([np.ones(1)], [variable])
        weights.append(float(variable[0]))
    return weights


assert with_torch == with_keras(fixed=True) == [-1, -2.5, -2.71875]  # the last step is 1.75 / 8
assert with_keras(fixed=False) == [-1, -2.5, -3.375]  # the last step is 1.5 / 2 + 1 / 8
print("PyTorch:", with_torch, " Keras:", with_keras(fixed=False))
