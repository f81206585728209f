import numpy as np
import torch
from keras import ops

middle = np.array([0.0, 1.0, 0.0])


def with_torch(x):
    x, k = torch.from_numpy(x)[None, None], torch.from_numpy(middle)[None, None]
    return torch.nn.functional.conv1d(x, k, stride=2, padding=1)[0, 0].tolist()


def with_keras(x, padding="same"):
    y = ops.conv(x[None, :, None], middle[:, None, None], strides=2, padding=padding)
    return y.numpy()[0, :, 0].tolist()


even, odd = np.arange(8.0), np.arange(9.0)
# Eight values need one zero. "same" adds it after them: the first window starts at 0, not at -1.
assert with_torch(even) == [0, 2, 4, 6]
assert with_keras(even) == [1, 3, 5, 7]
# Nine values need two zeros: one at each end.
assert with_torch(odd) == with_keras(odd) == [0, 2, 4, 6, 8]
assert with_keras(np.pad(even, 1), "valid") == with_torch(even)
print("even:", with_torch(even), with_keras(even), " odd:", with_torch(odd), with_keras(odd))
