"""Read and write a graph's arrays. Counterparts: weights.py of resnet_torch and resnet_tf."""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper

from resnet_duet.weights.arrays import Arrays
from resnet_spec.errors import check_arrays


def read(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Copies of every initializer.

    Args:
        model: a graph.

    Returns:
        {"layer1.0.conv1.weight": array, ...}, in the graph's precision.
    """
    return {name: numpy_helper.to_array(tensor).copy() for name, tensor in arrays(model).items()}


def write(model: onnx.ModelProto, weights: Mapping[str, np.ndarray]) -> None:
    """Set every initializer, in the graph's precision.

    Args:
        model: a graph; changed in place.
        weights: {"layer1.0.conv1.weight": array, ...}, exactly the graph's.

    Raises:
        WeightsError: names or shapes differ. It lists all of them, and nothing is written.
    """
    new, tensors = Arrays.of(weights), arrays(model)
    check_arrays(new.shapes, {name: tuple(tensor.dims) for name, tensor in tensors.items()})
    for name, tensor in tensors.items():
        dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type).newbyteorder("<")
        tensor.raw_data = np.asarray(new[name], dtype).tobytes()


def arrays(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """{name: initializer}. The messages are not copies."""
    return {tensor.name: tensor for tensor in model.graph.initializer}
