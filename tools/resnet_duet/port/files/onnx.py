"""ONNX: a graph for any runtime, whose initializers are the weights by their torch names."""

from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

import resnet_spec
from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.port.arrays import Arrays, Entry, named_dtype
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.label import KEY, Label, label_of
from resnet_spec.errors import check_arrays

LONGEST = 2**31 - 1  # bytes of a message of Protocol Buffers


def read(path: Path) -> Checkpoint:
    """Every initializer. ONNX' files are one message of Protocol Buffers, so it is read whole."""
    model = library().load(path, load_external_data=False)
    entries = {tensor.name: _entry(tensor) for tensor in model.graph.initializer}
    texts = {item.key: item.value for item in model.metadata_props}
    return Checkpoint(Arrays(entries), label_of(texts.get(KEY)))


def write(stream: BinaryIO, arrays: Arrays, label: Label, axes: str) -> None:
    """The network's graph, and one array after the other. The library wants all of them in memory.

    The graph is the message's last field and arrays are the graph's last, so that a file that lost
    its end is never a shorter message.
    """
    onnx = library()
    model, tensors = _declared(onnx, arrays, label, axes)
    heads = {tensor.name: _head(onnx, tensor, arrays) for tensor in tensors}
    frame = model.graph.SerializeToString()
    model.ClearField("graph")
    size = len(frame) + arrays.nbytes + sum(map(len, heads.values()))
    start = model.SerializeToString() + _field(onnx.ModelProto.GRAPH_FIELD_NUMBER, size)
    if len(start) + size > LONGEST:
        raise FileError(f"ONNX files hold 2 GB, and these arrays are {arrays.nbytes:,} bytes")
    stream.write(start + frame)
    for name, head in heads.items():
        stream.write(head)
        array = np.ascontiguousarray(arrays[name], arrays.entries[name].dtype.newbyteorder("<"))
        stream.write(array.reshape(-1).view(np.uint8).data)


def library() -> ModuleType:
    """The package onnx. Raises FrameworkError: it is not installed."""
    try:
        import onnx
    except ModuleNotFoundError:
        raise FrameworkError(
            "this needs onnx, which is not installed: pip install 'resnet-duet[onnx]'"
        ) from None
    return onnx


def _declared(onnx: ModuleType, arrays: Arrays, label: Label, axes: str) -> tuple[Any, list[Any]]:
    """The model without its initializers, and these without their bytes."""
    from resnet_duet.graph.network import one_precision, resnet

    model = resnet(resnet_spec.plan(label.spec), one_precision(arrays), axes)
    onnx.helper.set_model_props(model, {KEY: label.to_json()})
    tensors = list(model.graph.initializer)
    check_arrays(arrays.shapes, {tensor.name: tuple(tensor.dims) for tensor in tensors})
    del model.graph.initializer[:]
    return model, tensors


def _head(onnx: ModuleType, tensor: Any, arrays: Arrays) -> bytes:
    """What comes before an array's own bytes."""
    size = arrays.entries[tensor.name].nbytes
    head = tensor.SerializeToString() + _field(onnx.TensorProto.RAW_DATA_FIELD_NUMBER, size)
    return _field(onnx.GraphProto.INITIALIZER_FIELD_NUMBER, len(head) + size) + head


def _field(number: int, size: int) -> bytes:
    """How a field of so many bytes begins, by the encoding of Protocol Buffers."""
    return _varint(number << 3 | 2) + _varint(size)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the low ones first; the high bit says that more follow."""
    if value < 128:
        return bytes([value])
    return bytes([value & 127 | 128]) + _varint(value >> 7)


def _entry(tensor: Any) -> Entry:
    from onnx import TensorProto, helper, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        raise FileError(
            f"{tensor.name} lies in another file; onnx.save(onnx.load(a), b) brings it in"
        )
    dtype = named_dtype(np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).name)
    return Entry(tuple(tensor.dims), dtype, lambda: numpy_helper.to_array(tensor))
