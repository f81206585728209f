"""ResNets as Keras 3 models (NHWC) of stock layers, on any backend. Counterpart: resnet_torch.

The tests run on TensorFlow, and a few of them on PyTorch.

Example:
    >>> import resnet_tf
    >>> model = resnet_tf.build("resnet50", num_classes=10)
"""

from resnet_tf.network import build, features
from resnet_tf.trace import run, trace
from resnet_tf.weights import read, write

__all__ = ["build", "features", "read", "run", "trace", "write"]
