import torch
from keras import ops
from torch.nn import functional as F

x = torch.arange(1.0, 5.0).double()[None, :, None, None].expand(1, 4, 6, 8)
nhwc = x.permute(0, 2, 3, 1).numpy()


def with_torch(pads):
    return F.pad(x, (0, 0, 0, 0, *pads))[0, :, 0, 0].tolist()  # W, H, C: from the last axis


def with_keras(pads):
    return ops.pad(nhwc, ((0, 0), (0, 0), (0, 0), pads)).numpy()[0, 0, 0].tolist()  # N, H, W, C


assert with_torch((2, 2)) == with_keras((2, 2)) == [0, 0, 1, 2, 3, 4, 0, 0]
assert with_torch((0, 4)) == with_keras((0, 4)) == [1, 2, 3, 4, 0, 0, 0, 0]
# The second pair pads the last axis but one, the height. The shapes no longer fit an addition.
assert F.pad(x, (0, 0, 2, 2)).shape == (1, 4, 10, 8)
print("half before, half after:", with_torch((2, 2)), " all after:", with_torch((0, 4)))
