import numpy as np
import torch
from keras import ops

signal = np.array([0.0, 0.0, 1.0, 0.0, 0.0])


def with_numpy(signal, kernel):
    return np.convolve(signal, kernel, "valid").tolist()


def with_torch(signal, kernel):
    x, k = torch.from_numpy(signal), torch.from_numpy(kernel)
    return torch.nn.functional.conv1d(x[None, None], k[None, None])[0, 0].tolist()


def with_keras(signal, kernel):
    return ops.conv(signal[None, :, None], kernel[:, None, None]).numpy()[0, :, 0].tolist()


kernel = np.array([1.0, 2.0, 3.0])
# Only NumPy reverses the kernel.
assert with_numpy(signal, kernel) == [1, 2, 3]
assert with_torch(signal, kernel) == with_keras(signal, kernel) == [3, 2, 1]
assert with_numpy(signal, kernel[::-1]) == [3, 2, 1]

ramp, palindrome = np.arange(5.0) ** 2, np.array([1.0, 2.0, 1.0])  # the same in both directions
assert with_numpy(ramp, palindrome) == with_torch(ramp, palindrome) == with_keras(ramp, palindrome)

print("NumPy:", with_numpy(signal, kernel))
print("PyTorch:", with_torch(signal, kernel), " Keras:", with_keras(signal, kernel))
