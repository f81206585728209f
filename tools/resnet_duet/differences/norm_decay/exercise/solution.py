from math import ceil, log

import numpy as np
import torch
from keras import layers

# After n batches, the weight of the initial value is decay ** n.
steps = {decay: ceil(log(0.05) / log(decay)) for decay in (0.9, 0.99, 0.1)}
for decay, count in steps.items():
    mean = 0.0
    for _ in range(count):
        before, mean = mean, decay * mean + (1 - decay) * 1.0
    assert before < 0.95 < mean

norm_torch = torch.nn.BatchNorm1d(1, momentum=0.1).double()
norm_keras = layers.BatchNormalization(momentum=0.9, dtype="float64")
batch = np.ones((2, 1))
for _ in range(steps[0.9]):
    norm_torch(torch.from_numpy(batch))
    norm_keras(batch, training=True)
np.testing.assert_allclose(norm_torch.running_mean, 1 - 0.9 ** steps[0.9], rtol=1e-6)
np.testing.assert_allclose(norm_keras.moving_mean, 1 - 0.9 ** steps[0.9], rtol=1e-6)
print("batches until 0.95, by decay:", steps)
