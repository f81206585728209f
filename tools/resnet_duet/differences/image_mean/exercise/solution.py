import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(0)
mean, std = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).double()
mean, std = mean[:, None, None], std[:, None, None]
x = torch.from_numpy(rng.uniform(size=(1, 3, 8, 8)))
kernel = torch.from_numpy(rng.standard_normal((4, 3, 3, 3)))
right = F.conv2d((x - mean) / std, kernel, padding=1)

folded = kernel / std
bias = -(folded * mean).sum(dim=(1, 2, 3))
y = F.conv2d(x, folded, bias, padding=1)
torch.testing.assert_close(y[..., 1:-1, 1:-1], right[..., 1:-1, 1:-1])
wrong = (~torch.isclose(y, right)).any(dim=1)[0]
assert wrong.sum() == 64 - 36  # the outermost pixels: a padded zero was the mean, and now is black

padded = mean.expand(1, 3, 10, 10).clone()  # so pad with the mean
padded[..., 1:-1, 1:-1] = x
torch.testing.assert_close(F.conv2d(padded, folded, bias), right)
print(int(wrong.sum()), "pixels of 64 were wrong")
