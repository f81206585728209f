"""One forward pass, from NumPy to NumPy. Counterpart: resnet_tf/trace.py."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from resnet_torch.network import ResNet


def run(net: ResNet, images: np.ndarray, training: bool = False) -> np.ndarray:
    """The output of a network. Its mode (`net.training`) is the same afterwards.

    Args:
        net: a network of `build`.
        images: (N, C, H, W). They are converted to the network's precision and device.
        training: whether norms use the statistics of the batch, and update their own.

    Returns:
        (N, num_classes), or (N, C', H', W') for a network without a head.
    """
    return _forward(net, images, training).numpy(force=True)


def trace(net: ResNet, images: np.ndarray, training: bool = False) -> dict[str, np.ndarray]:
    """The outputs of every layer, block and stage. The network's mode is the same afterwards.

    Args:
        net: a network of `build`.
        images: (N, C, H, W). They are converted to the network's precision and device.
        training: whether norms use the statistics of the batch, and update their own.

    Returns:
        {name: (N, C, H, W), or (N, C) after the global pool}: layers in execution order, then
        blocks and stages.
    """
    names = [*(layer.name for layer in net.plan.layers()), *net.plan.outputs()]
    outputs: dict[str, np.ndarray] = {}

    def record(name: str) -> Callable[[nn.Module, object, torch.Tensor], None]:
        # A copy, since the ReLU that follows works in place.
        def hook(module: nn.Module, inputs: object, output: torch.Tensor) -> None:
            outputs[name] = output.numpy(force=True).copy()

        return hook

    handles = [net.get_submodule(name).register_forward_hook(record(name)) for name in names]
    try:
        _forward(net, images, training)
    finally:
        for handle in handles:
            handle.remove()
    return {name: outputs[name] for name in names}


def _forward(net: ResNet, images: np.ndarray, training: bool) -> torch.Tensor:
    """The network's output, without a gradient."""
    parameter = next(net.parameters())
    with torch.no_grad(), _mode(net, training):
        output: torch.Tensor = net(torch.from_numpy(images).to(parameter))
    return output


@contextmanager
def _mode(net: nn.Module, training: bool) -> Iterator[None]:
    """Training or evaluation mode for a while; then every module has its former mode again."""
    modes = {module: module.training for module in net.modules()}
    net.train(training)
    try:
        yield
    finally:
        for module, former in modes.items():  # one by one: some norms may be frozen
            module.training = former
