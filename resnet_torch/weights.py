"""A network's arrays, out and in. Beside it, line by line: resnet_tf/weights.py."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from resnet_spec.errors import check_arrays

COUNTER = "num_batches_tracked"  # a counter of training steps that no forward pass reads


def read(net: nn.Module) -> dict[str, np.ndarray]:
    """{"layer1.0.conv1.weight": array, ...}: a copy of every parameter and running statistic."""
    return {name: tensor.numpy(force=True).copy() for name, tensor in arrays(net).items()}


def write(net: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Set every parameter and running statistic, in the network's own precision.

    Raises:
        WeightsError: names or shapes differ. Every difference is listed and nothing is written.
    """
    tensors = arrays(net)
    check_arrays(
        {name: np.shape(array) for name, array in weights.items()},
        {name: tuple(tensor.shape) for name, tensor in tensors.items()},
    )
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(torch.from_numpy(np.array(weights[name])))


def arrays(net: nn.Module) -> dict[str, torch.Tensor]:
    """The state_dict without PyTorch's counters: the tensors themselves, not copies."""
    return {k: v for k, v in net.state_dict().items() if not k.endswith(f".{COUNTER}")}
