import numpy as np
import torch
from keras import layers


def changed(size):
    x = -np.ones((1, size, size, 1))
    right = torch.nn.MaxPool2d(3, 2, padding=1)(torch.from_numpy(x[..., 0]))[0].numpy()
    padded = layers.ZeroPadding2D(1, dtype="float64")(x)
    wrong = layers.MaxPooling2D(3, 2, dtype="float64")(padded).numpy()[0, :, :, 0]
    assert (right == -1).all()  # minus infinity is never the maximum
    return (wrong != right).astype(int).tolist()


# At an even size the last window ends with the map: nothing reads the right and bottom padding.
assert changed(4) == [[1, 1], [1, 0]]
assert changed(5) == [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
print("4x4:", changed(4))
print("5x5:", changed(5))
