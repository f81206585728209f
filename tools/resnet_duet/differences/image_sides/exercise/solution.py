import numpy as np


def prepare(image):
    return image.T  # (C, W, H)


def right(image):
    return image.transpose(2, 0, 1)  # (C, H, W)


rectangle = np.zeros((1, 2, 1))
square = np.array([[0.0, 1.0], [2.0, 3.0]])[..., None]
symmetric = np.array([[0.0, 1.0], [1.0, 3.0]])[..., None]  # about the diagonal

assert prepare(rectangle).shape != right(rectangle).shape
assert prepare(square).shape == right(square).shape
assert not np.array_equal(prepare(square), right(square))
assert np.array_equal(prepare(symmetric), right(symmetric))
print("by shape:", rectangle.shape, " by value:", square[..., 0].tolist())
print("not at all:", symmetric[..., 0].tolist())
