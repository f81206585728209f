import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(0)
x = torch.from_numpy(rng.standard_normal((1, 3, 6, 8)))
w = torch.from_numpy(rng.standard_normal((5, 3, 1, 1)))


def plain(x):
    return F.conv2d(x, w, stride=2)


def resnet_d(x):
    return F.conv2d(F.avg_pool2d(x, 2), w)


mean = w.expand(5, 3, 2, 2) / 4  # a quarter of W in all four places
corner = F.pad(w, (0, 1, 0, 1))  # W at the top left, zeros elsewhere
torch.testing.assert_close(F.conv2d(x, mean, stride=2), resnet_d(x))
torch.testing.assert_close(F.conv2d(x, corner, stride=2), plain(x))
assert not torch.allclose(plain(x), resnet_d(x))

# The mean of four equal pixels is any of them.
blocks = x[..., :3, :4].repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
torch.testing.assert_close(plain(blocks), resnet_d(blocks))
print("the shortcuts agree on a map that was enlarged by repeating pixels")
