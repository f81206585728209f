import numpy as np
import torch
from keras import layers

ones = np.ones((1, 3, 3, 1))
x = torch.from_numpy(ones[..., 0])
included = torch.nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=True)(x)[0].tolist()
skipped = torch.nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)(x)[0].tolist()
same = layers.AveragePooling2D(2, 2, padding="same", dtype="float64")(ones)
padded = layers.ZeroPadding2D(((0, 1), (0, 1)), dtype="float64")(ones)
zeros = layers.AveragePooling2D(2, 2, dtype="float64")(padded).numpy()[0, :, :, 0].tolist()

full = [[1, 1], [1, 1]]
assert skipped == same.numpy()[0, :, :, 0].tolist() == full
# count_include_pad concerns padding=, and there is none. What ceil_mode adds never counts.
assert included == full
# Explicit zeros are pixels like any others: half of each edge window, and three
# quarters of the corner's.
assert zeros == [[1, 0.5], [0.5, 0.25]]
print("zeros that count:", zeros)
