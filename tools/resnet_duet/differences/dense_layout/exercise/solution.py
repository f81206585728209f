import numpy as np
from keras import layers

kernel = np.arange(6.0).reshape(3, 2)  # (outputs, inputs)


def logits(kernel, features):
    layer = layers.Dense(kernel.shape[1], use_bias=False, dtype="float64")
    layer.build((None, kernel.shape[0]))
    layer.set_weights([kernel])
    return layer(np.array([features])).numpy()[0].tolist()


# Features [1, 0] read the first value of each class: 0, 2, 4. The reshape moves them.
assert logits(kernel.T, [1.0, 0.0]) == [0, 2, 4]
assert logits(kernel.reshape(2, 3), [1.0, 0.0]) == [0, 1, 2]

square = np.array([[1.0, 2.0], [3.0, 4.0]])  # wrong without an error: the shape is right
assert logits(square, [1.0, 0.0]) != logits(square.T, [1.0, 0.0])
symmetric = np.array([[1.0, 2.0], [2.0, 4.0]])  # right without a transpose
assert logits(symmetric, [1.0, 0.0]) == logits(symmetric.T, [1.0, 0.0])
print("transposed:", logits(kernel.T, [1.0, 0.0]))
print("reshaped:", logits(kernel.reshape(2, 3), [1.0, 0.0]))
