import numpy as np
import torch
from keras import layers

batch = np.array([[1.0], [3.0]])  # variance 1 divided by n, 2 divided by n - 1
norm_torch = torch.nn.BatchNorm1d(1, momentum=0.1).double()
norm_keras = layers.BatchNormalization(momentum=0.9, dtype="float64")
norm_keras.build((None, 1))
old = 0.9 * norm_keras.moving_variance.numpy()
norm_torch(torch.from_numpy(batch))
norm_keras(batch, training=True)
np.testing.assert_allclose(norm_torch.running_var, 0.9 * 1 + 0.1 * 2, rtol=1e-6)
np.testing.assert_allclose(norm_keras.moving_variance, 0.9 * 1 + 0.1 * 1, rtol=1e-6)
norm_keras.moving_variance.assign(old + (norm_keras.moving_variance.numpy() - old) * 2 / (2 - 1))
np.testing.assert_allclose(norm_keras.moving_variance, norm_torch.running_var, rtol=1e-6)

# n - 1 is 0: PyTorch raises an error, Keras keeps a variance of 0.
try:
    norm_torch(torch.from_numpy(batch[:1]))
except ValueError as error:
    print("PyTorch:", error)
norm_keras(batch[:1], training=True)
print("Keras:", norm_keras.moving_variance.numpy())
