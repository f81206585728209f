import numpy as np
from keras import layers


def output(variance, eps):
    norm = layers.BatchNormalization(epsilon=eps, dtype="float64")
    norm.build((None, 1))
    norm.set_weights([np.ones(1), np.zeros(1), np.zeros(1), np.array([variance])])
    return float(norm(np.ones((1, 1)), training=False)[0, 0])


def error(variance):
    return 1 - output(variance, 1e-3) / output(variance, 1e-5)


# (v + 1e-5) / (v + 1e-3) == 0.99 ** 2, solved for v
share = 0.99**2
limit = (share * 1e-3 - 1e-5) / (1 - share)
assert error(0.9 * limit) > 0.01 > error(1.1 * limit)
# Without variance only epsilon is left: a factor of ten, for a channel that carries no signal.
np.testing.assert_allclose(output(0.0, 1e-3) / output(0.0, 1e-5), 0.1, rtol=1e-6)
print("the error exceeds one percent where the variance is below", limit)
