import numpy as np
import torch
from keras import ops

rng = np.random.default_rng(0)
rgb = rng.standard_normal((1, 8, 8, 3))
bgr = rgb[..., ::-1].copy()
kernel = torch.from_numpy(rng.standard_normal((4, 3, 3, 3)))  # OIHW, for BGR


def with_torch(image, kernel):
    return torch.nn.functional.conv2d(torch.from_numpy(image).permute(0, 3, 1, 2), kernel)


def with_keras(image, kernel):
    return ops.conv(image, kernel.permute(2, 3, 1, 0).numpy()).numpy()  # HWIO


reverse = kernel.flip(1)  # the input channels: the second axis in PyTorch, the third in Keras
torch.testing.assert_close(with_torch(rgb, reverse), with_torch(bgr, kernel))
np.testing.assert_allclose(with_keras(rgb, reverse), with_keras(bgr, kernel), rtol=1e-10)
assert not torch.allclose(with_torch(rgb, kernel), with_torch(bgr, kernel))

# A mean has a channel order too: a mean that is subtracted from BGR images is in BGR order, and
# must be reversed as well.
mean = np.array([103.939, 116.779, 123.68])
np.testing.assert_array_equal((rgb[..., ::-1] - mean)[..., ::-1], rgb - mean[::-1])
print("kernel.flip(1) in PyTorch, kernel[:, :, ::-1] in Keras, and mean[::-1]")
