from math import log

import torch
from torch.nn import functional as F

label = torch.tensor([3])


def loss_and_gradient(softmax):
    logits = torch.zeros(1, 10, dtype=torch.float64, requires_grad=True)
    loss = F.cross_entropy(logits.softmax(dim=1) if softmax else logits, label)
    (gradient,) = torch.autograd.grad(loss, logits)
    return loss.item(), gradient[0]


once, gradient = loss_and_gradient(softmax=False)
twice, smaller = loss_and_gradient(softmax=True)
# The softmax of equal values is equal values: a second one changes nothing but the gradient.
assert abs(once - log(10)) < 1e-12 and abs(twice - log(10)) < 1e-12
right = torch.full((10,), 0.1, dtype=torch.float64) - torch.eye(10, dtype=torch.float64)[3]
torch.testing.assert_close(gradient, right)
torch.testing.assert_close(smaller, right / 10)
print("loss:", once, twice, " gradient of the right class:", gradient[3], smaller[3])
