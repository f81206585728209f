import numpy as np
import torch
from keras import layers

rng = np.random.default_rng(0)
maps = rng.standard_normal((4, 2, 2, 3))  # NCHW
kernel = rng.standard_normal((5, 12))
right = torch.flatten(torch.from_numpy(maps), 1).numpy() @ kernel.T

# Each column is an index (c, h, w) of the feature map; Keras needs them in the order (h, w, c).
ordered = kernel.reshape(5, 2, 2, 3).transpose(0, 2, 3, 1).reshape(5, 12)

features = layers.Flatten(dtype="float64")(maps.transpose(0, 2, 3, 1))
head = layers.Dense(5, use_bias=False, dtype="float64")
head.build((None, 12))
head.set_weights([ordered.T])
np.testing.assert_allclose(head(features), right, rtol=1e-12)
head.set_weights([kernel.T])
assert not np.allclose(head(features), right)
print("columns in Keras' order:", np.arange(12).reshape(2, 2, 3).transpose(1, 2, 0).ravel())
