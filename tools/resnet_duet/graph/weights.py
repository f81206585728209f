"""A graph's arrays, out and in. Beside it: resnet_torch/weights.py and resnet_tf/weights.py."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper

from resnet_duet.port.arrays import Arrays
from resnet_spec.errors import check_arrays


def read(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """{"layer1.0.conv1.weight": array, ...}: a copy of every initializer."""
    return {name: numpy_helper.to_array(tensor).copy() for name, tensor in arrays(model).items()}


def write(model: onnx.ModelProto, weights: Mapping[str, np.ndarray]) -> None:
    """Set every initializer, in the graph's own precision.

    Raises:
        WeightsError: names or shapes differ. Every difference is listed and nothing is written.
    """
    given, tensors = Arrays.of(weights), arrays(model)
    check_arrays(given.shapes, {name: tuple(tensor.dims) for name, tensor in tensors.items()})
    for name, tensor in tensors.items():
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type).newbyteorder("<")
        tensor.raw_data = np.asarray(given[name], dtype).tobytes()


def arrays(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """{name: initializer}: the messages themselves, not copies."""
    return {tensor.name: tensor for tensor in model.graph.initializer}
