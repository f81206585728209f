"""One forward pass, NumPy in and out. Beside it, line by line: resnet_tf/trace.py."""

import numpy as np
import torch

from resnet_torch.network import ResNet


def run(net: ResNet, images: np.ndarray, training: bool) -> np.ndarray:
    """The network's output alone.

    Args:
        net: a network of `build`.
        images: (N, C, H, W); computed in the network's own precision, where it is.
        training: norms use the batch's mean and variance and move their running ones.

    Returns:
        (N, num_classes), or (N, C', H', W') of a network without a head.
    """
    with torch.no_grad():
        output = net.train(training)(torch.from_numpy(images).to(next(net.parameters())))
    return output.numpy(force=True)


def trace(net: ResNet, images: np.ndarray, training: bool = False) -> dict[str, np.ndarray]:
    """{name of a layer, block or stage: its output}.

    Args:
        net: a network of `build`.
        images: (N, C, H, W); computed in the network's own precision, where it is.
        training: norms use the batch's mean and variance and move their running ones.

    Returns:
        Arrays (N, C, H, W), or (N, C) behind the global pool.
    """
    names = [*(layer.name for layer in net.plan.layers()), *net.plan.outputs()]
    outputs: dict[str, np.ndarray] = {}

    def record(name: str):
        # A copy: the ReLU that follows works in place and would overwrite what is kept.
        def hook(module, inputs, output):
            outputs[name] = output.numpy(force=True).copy()

        return hook

    handles = [net.get_submodule(n).register_forward_hook(record(n)) for n in names]
    modes = {module: module.training for module in net.modules()}
    try:
        with torch.no_grad():
            net.train(training)(torch.from_numpy(images).to(next(net.parameters())))
    finally:
        for module, training in modes.items():
            module.training = training  # of each for itself: norms may be frozen
        for handle in handles:
            handle.remove()
    return {name: outputs[name] for name in names}
