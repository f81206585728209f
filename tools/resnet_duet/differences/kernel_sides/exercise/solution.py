import numpy as np
from keras import ops

kernel = np.random.default_rng(0).standard_normal((1, 1, 3, 3))  # OIHW


def run(image, axes):
    return float(ops.conv(image.reshape(1, 3, 3, 1), kernel.transpose(axes))[0, 0, 0, 0])


RIGHT, REVERSED = (2, 3, 1, 0), (3, 2, 1, 0)
corner = np.zeros((3, 3))
corner[0, 2] = 1.0  # one pixel reads one value of the kernel
assert run(corner, RIGHT) == kernel[0, 0, 0, 2]
assert run(corner, REVERSED) == kernel[0, 0, 2, 0]

# The sums of k[i, j] * x[i, j] and k[j, i] * x[i, j] are equal for every k if x[i, j] == x[j, i].
symmetric = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 5.0], [3.0, 5.0, 6.0]])
np.testing.assert_allclose(run(symmetric, RIGHT), run(symmetric, REVERSED), rtol=1e-12)
print("a symmetric image hides it:", run(symmetric, RIGHT), run(symmetric, REVERSED))
