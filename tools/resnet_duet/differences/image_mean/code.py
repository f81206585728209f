"""Images of 0 ... 255 for weights from torchvision, both (N, H, W, C)."""

import numpy as np
import torch
from keras.applications import imagenet_utils, resnet


def example() -> dict[str, np.ndarray]:
    """Random images."""
    return {"images": np.random.default_rng(0).uniform(0, 255, (2, 6, 8, 3))}


def with_torch(images: np.ndarray) -> np.ndarray:
    x = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).reshape(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).reshape(3, 1, 1)
    x = (x - mean) / std  # what torchvision's Normalize(mean, std) computes
    return x.permute(0, 2, 3, 1).numpy()


def with_keras(images: np.ndarray) -> np.ndarray:
    # The same mean and deviation. A copy, because preprocess_input overwrites arrays of floats.
    return imagenet_utils.preprocess_input(images.copy(), mode="torch")


def mistake(images: np.ndarray) -> np.ndarray:
    # BGR minus Caffe's mean: for the weights of keras.applications' ResNet50 only
    return resnet.preprocess_input(images.copy())
