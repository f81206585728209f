"""The quantiles of a new 3x3 kernel, in the distribution of torchvision's ResNets."""

import numpy as np
import torch
from keras import initializers, layers
from torch import nn

ROUNDING = 0.01  # sampling: each framework draws its own 589,824 random values

LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)


def example() -> dict[str, int]:
    """Different numbers of channels, so that fan-in and fan-out differ."""
    return {"inputs": 64, "outputs": 1024}


def with_torch(inputs: int, outputs: int) -> np.ndarray:
    torch.manual_seed(0)
    conv = nn.Conv2d(inputs, outputs, 3)
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return np.quantile(conv.weight.detach().numpy(), LEVELS)


def with_keras(inputs: int, outputs: int) -> np.ndarray:
    # variance 2 / fan-out, not truncated
    initializer = initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed=0)
    conv = layers.Conv2D(outputs, 3, kernel_initializer=initializer)
    conv.build((None, None, None, inputs))
    return np.quantile(conv.kernel.numpy(), LEVELS)


def mistake(inputs: int, outputs: int) -> np.ndarray:
    initializer = initializers.HeNormal(seed=0)  # variance 2 / fan-in, truncated
    conv = layers.Conv2D(outputs, 3, kernel_initializer=initializer)
    conv.build((None, None, None, inputs))
    return np.quantile(conv.kernel.numpy(), LEVELS)
