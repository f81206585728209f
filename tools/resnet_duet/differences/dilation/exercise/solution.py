import numpy as np
import torch
from torch.nn import functional as F

rng = np.random.default_rng(0)
x, one, two = (torch.from_numpy(rng.standard_normal((1, 1, n))) for n in (8, 3, 3))
strided = F.conv1d(F.conv1d(x, one, stride=2, padding=1), two, padding=1)


def every_second(first, second):
    y = F.conv1d(x, one, padding=first, dilation=first)
    return F.conv1d(y, two, padding=second, dilation=second)[..., ::2]


# The first convolution reads neighbours in x, as before. Without its stride its output is twice as
# dense, so the values that the second convolution needs are two places apart.
torch.testing.assert_close(every_second(1, 2), strided)
assert not torch.allclose(every_second(1, 1), strided)
assert not torch.allclose(every_second(2, 2), strided)
print("every second output equals the strided one:", strided[0, 0].tolist())
