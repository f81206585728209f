"""The plan of a ResNet as a Keras model on TensorFlow (NHWC). The PyTorch twin is resnet_torch.

>>> import resnet_tf
>>> model = resnet_tf.build("resnet18")
"""

import os

# Keras chooses its backend when it is first imported; this package is its TensorFlow twin.
if os.environ.setdefault("KERAS_BACKEND", "tensorflow") != "tensorflow":
    raise ImportError("resnet_tf is Keras on TensorFlow, and KERAS_BACKEND asks for another")

from resnet_tf.network import build, features
from resnet_tf.trace import run, trace
from resnet_tf.weights import read, write

__all__ = ["build", "features", "read", "run", "trace", "write"]
