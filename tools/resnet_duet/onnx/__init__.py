"""ResNets as ONNX graphs for inference. Counterparts: resnet_torch and resnet_tf.

Example:
    >>> import resnet_duet
    >>> weights = resnet_duet.random_weights("resnet18", seed=0)
    >>> model = resnet_duet.onnx.build("resnet18", weights)  # doctest: +SKIP
"""

from resnet_duet.onnx.network import build
from resnet_duet.onnx.weights import read, write

__all__ = ["build", "read", "write"]
