"""ResNets as PyTorch modules (NCHW), with torchvision's module names. Counterpart: resnet_tf.

Example:
    >>> import resnet_torch
    >>> net = resnet_torch.build("resnet50", num_classes=10)
"""

from resnet_torch.network import ResNet, build, features
from resnet_torch.trace import run, trace
from resnet_torch.weights import read, write

__all__ = ["ResNet", "build", "features", "read", "run", "trace", "write"]
