"""The plan of a ResNet as a PyTorch module (NCHW). The Keras twin is resnet_tf.

>>> import resnet_torch
>>> net = resnet_torch.build("resnet18")
"""

from resnet_torch.network import ResNet, build, features
from resnet_torch.trace import run, trace
from resnet_torch.weights import read, write

__all__ = ["ResNet", "build", "features", "read", "run", "trace", "write"]
