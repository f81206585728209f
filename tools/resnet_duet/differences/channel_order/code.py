"""The first convolution of an RGB network, of an image file: (H, W, I, O) kernel, (H, W, O) out."""

from io import BytesIO

import keras
import numpy as np
import torch
from keras import ops
from PIL import Image
from torch.nn import functional as F


def example() -> dict[str, bytes | np.ndarray]:
    """A PNG file of random colours, and a kernel."""
    rng = np.random.default_rng(0)
    file = BytesIO()
    Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).save(file, "PNG")
    return {"file": file.getvalue(), "kernel": rng.standard_normal((3, 3, 3, 4))}


def with_torch(file: bytes, kernel: np.ndarray) -> np.ndarray:
    image = np.array(Image.open(BytesIO(file)).convert("RGB"))  # red first
    x = torch.from_numpy(image).permute(2, 0, 1).double()
    y = F.conv2d(x, torch.from_numpy(kernel).permute(3, 2, 0, 1))
    return y.permute(1, 2, 0).numpy()


def with_keras(file: bytes, kernel: np.ndarray) -> np.ndarray:
    image = keras.utils.load_img(BytesIO(file))  # red first
    x = keras.utils.img_to_array(image, dtype="float64")
    return ops.conv(x[None], kernel)[0].numpy()


def mistake(file: bytes, kernel: np.ndarray) -> np.ndarray:
    image = np.array(Image.open(BytesIO(file)).convert("RGB"))
    image = image[..., ::-1].copy()  # blue first: the array that cv2.imread returns
    x = torch.from_numpy(image).permute(2, 0, 1).double()
    y = F.conv2d(x, torch.from_numpy(kernel).permute(3, 2, 0, 1))
    return y.permute(1, 2, 0).numpy()
