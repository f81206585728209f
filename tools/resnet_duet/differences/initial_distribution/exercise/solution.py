from math import sqrt

import numpy as np
import torch
from keras import initializers

fan_in, fan_out = 9 * 64, 9 * 128
torch.manual_seed(0)
conv, he = torch.nn.Conv2d(64, 128, 3), torch.nn.Conv2d(64, 128, 3)
torch.nn.init.kaiming_normal_(he.weight, mode="fan_out", nonlinearity="relu")
he_normal = initializers.HeNormal(seed=0)
kernels = {
    "PyTorch": (conv.weight.detach().numpy(), 1 / sqrt(fan_in) / sqrt(3)),
    "Keras": (initializers.GlorotUniform(seed=0)((3, 3, 64, 128)), sqrt(2 / (fan_in + fan_out))),
    "HeNormal": (he_normal((3, 3, 64, 128)), sqrt(2 / fan_in)),
    "He by fan-out": (he.weight.detach().numpy(), sqrt(2 / fan_out)),
}
for name, (kernel, deviation) in kernels.items():
    np.testing.assert_allclose(np.std(kernel), deviation, rtol=0.02)
    print(f"{name}: deviation {deviation:.4f}, largest {np.abs(kernel).max() / deviation:.2f} x it")
# With equal fans the last two have the same deviation. HeNormal is truncated at two deviations of
# the normal distribution before truncation, which are 2.27 deviations of the result.
largest = [np.abs(kernel).max() / deviation for kernel, deviation in kernels.values()]
assert largest[2] < 2.3 < 3.5 < largest[3]
