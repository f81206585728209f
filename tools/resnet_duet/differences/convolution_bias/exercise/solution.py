import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(0)
x = torch.from_numpy(rng.standard_normal((2, 3, 6, 8)))
kernel = torch.from_numpy(rng.standard_normal((4, 3, 3, 3)))
bias, offset, mean = torch.from_numpy(rng.standard_normal((3, 4)))
scale, var = torch.from_numpy(rng.uniform(0.5, 2.0, (2, 4)))


def output(bias, mean):
    return F.batch_norm(F.conv2d(x, kernel, bias), mean, var, scale, offset, eps=1e-5)


right = output(bias, mean)
# The norm divides the bias by the standard deviation and multiplies it by the scale.
shift = scale * bias / torch.sqrt(var + 1e-5)
torch.testing.assert_close(right - output(None, mean), shift[:, None, None].expand_as(right))

# x + b - mean == x - (mean - b): change the running mean.
torch.testing.assert_close(output(None, mean - bias), right)
print("channels move by", shift.numpy())
