import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(0)
x = torch.from_numpy(rng.standard_normal((1, 4, 5, 5)))
kernel = torch.from_numpy(rng.standard_normal((6, 2, 1, 1)))
right = F.conv2d(x, kernel, groups=2)

groups = [F.conv2d(x[:, :2], kernel[:3]), F.conv2d(x[:, 2:], kernel[3:])]
concatenated = torch.cat(groups, dim=1)
# PyTorch's channels are axis 1: the first of each group, then the second of each group ...
stacked = torch.stack(groups, dim=2).reshape(1, 6, 5, 5)

torch.testing.assert_close(concatenated, right)
# Channel 2 * k + g of the stack is channel 3 * g + k of the concatenation.
order = [2 * k + g for g in range(2) for k in range(3)]
torch.testing.assert_close(stacked[:, order], right)
print("concatenate is right; stack is right with its channels in the order", order)
