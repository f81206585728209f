"""The plan of a ResNet as an ONNX graph. Its siblings are resnet_torch and resnet_tf.

>>> from resnet_duet import graph
>>> model = graph.build("resnet18", weights)  # doctest: +SKIP
"""

from resnet_duet.graph.network import build
from resnet_duet.graph.weights import read, write

__all__ = ["build", "read", "write"]
