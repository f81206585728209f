import torch
from torch.nn import functional as F

one, three = torch.ones(1, 1, 1, 1).double(), torch.ones(1, 1, 3, 3).double()


def pixels(stride_in_1x1):
    x = torch.zeros(1, 1, 7, 7, dtype=torch.float64, requires_grad=True)
    first, second = (2, 1) if stride_in_1x1 else (1, 2)
    y = F.conv2d(F.conv2d(x, one, stride=first), three, stride=second, padding=1)
    assert y.shape == (1, 1, 4, 4)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    return int(torch.count_nonzero(gradient))


# A strided 1x1 reads every second pixel of every second row: 4 * 4. The 3x3 windows overlap.
assert pixels(stride_in_1x1=True) == 16
assert pixels(stride_in_1x1=False) == 49
print("v1 reads", pixels(True), "pixels of 49, v1.5", pixels(False))
