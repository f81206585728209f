"""Copy a trained batch norm, and apply the copy to (N, H, W, C) images in inference."""

import numpy as np
import torch
from keras import layers
from torch import nn


def example() -> dict[str, np.ndarray]:
    """Images, and the running statistics (C,) of the trained norm."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((2, 6, 8, 4))
    return {"x": images, "mean": rng.standard_normal(4), "variance": rng.uniform(0.5, 2.0, 4)}


def with_torch(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    trained, copy = (nn.BatchNorm2d(4, dtype=torch.float64) for _ in range(2))
    trained.running_mean = torch.from_numpy(mean)
    trained.running_var = torch.from_numpy(variance)
    copy.load_state_dict(trained.state_dict())  # parameters and buffers
    y = copy.eval()(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()


def with_keras(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    trained, copy = (layers.BatchNormalization(epsilon=1e-5, dtype="float64") for _ in range(2))
    trained.build(x.shape)
    trained.moving_mean.assign(mean)
    trained.moving_variance.assign(variance)
    copy.build(x.shape)
    copy.set_weights(trained.get_weights())  # trainable and non-trainable
    return copy(x, training=False).numpy()


def mistake(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    trained, copy = (nn.BatchNorm2d(4, dtype=torch.float64) for _ in range(2))
    trained.running_mean = torch.from_numpy(mean)
    trained.running_var = torch.from_numpy(variance)
    for target, source in zip(copy.parameters(), trained.parameters(), strict=True):  # no buffers
        target.data.copy_(source)
    y = copy.eval()(torch.from_numpy(x).permute(0, 3, 1, 2))
    return y.permute(0, 2, 3, 1).detach().numpy()
