import numpy as np
import tensorflow as tf
import torch
from torch.nn import functional as F

stripes = np.tile([0.0, 1.0], 6) * np.ones((12, 1))


def with_torch(antialias):
    x = torch.from_numpy(stripes)[None, None]
    return F.interpolate(x, (4, 4), mode="bilinear", antialias=antialias)[0, 0, 0].numpy()


def with_keras(antialias):
    x = stripes[None, :, :, None]
    return tf.image.resize(x, (4, 4), antialias=antialias).numpy()[0, 0, :, 0]


# Every third pixel is read: stripes three times as wide, which are not in the image.
np.testing.assert_allclose(with_torch(False), [1, 0, 1, 0], atol=1e-6)
np.testing.assert_allclose(with_keras(False), [1, 0, 1, 0], atol=1e-6)
# The centre pixel and those two away weigh 1 + 2/3 of 3, the others 4/3 of 3: nearly grey.
np.testing.assert_allclose(with_torch(True)[1:3], [4 / 9, 5 / 9], atol=1e-6)
np.testing.assert_allclose(with_keras(True)[1:3], [4 / 9, 5 / 9], atol=1e-6)
print("without:", with_torch(False), " with:", with_torch(True))
