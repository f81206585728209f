"""Read and write a network's arrays. Counterpart: resnet_tf/weights.py."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from resnet_spec.errors import check_arrays

COUNTER = "num_batches_tracked"  # counts training steps; no forward pass reads it


def read(net: nn.Module) -> dict[str, np.ndarray]:
    """Copies of every parameter and running statistic.

    Args:
        net: a network.

    Returns:
        {"layer1.0.conv1.weight": array, ...}, in the network's precision.
    """
    return {name: tensor.numpy(force=True).copy() for name, tensor in arrays(net).items()}


def write(net: nn.Module, weights: Mapping[str, np.ndarray]) -> None:
    """Set every parameter and running statistic, in the network's precision.

    Args:
        net: a network; changed in place.
        weights: {"layer1.0.conv1.weight": array, ...}, exactly the network's.

    Raises:
        WeightsError: names or shapes differ. It lists all of them, and nothing is written.
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
    """{name: tensor} of the state_dict without PyTorch's counters. The tensors are not copies."""
    return {k: v for k, v in net.state_dict().items() if not k.endswith(f".{COUNTER}")}
