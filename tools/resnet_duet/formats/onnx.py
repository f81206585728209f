"""ONNX: a graph for any runtime. Its initializers are the weights, under their torch names."""

from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

import resnet_spec
from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.formats.damage import corrupted
from resnet_duet.metadata import METADATA_KEY, metadata_from
from resnet_duet.weights.arrays import Arrays, Entry, named_dtype
from resnet_spec.errors import check_arrays

KIND = "an ONNX file"
LONGEST = 2**31 - 1  # bytes of a Protocol Buffers message


def read(path: Path) -> Checkpoint:
    """Every initializer. The file is one message of Protocol Buffers, so it is read as a whole."""
    onnx = library()
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    with corrupted(KIND, DecodeError):
        model = onnx.load(path, load_external_data=False)
    tensors = model.graph.initializer
    if not all(isinstance(tensor.name, str) for tensor in tensors):  # bytes: it is not UTF-8
        raise FileError(f"not {KIND}, or corrupted: a name is not text")
    entries = {tensor.name: _entry(tensor) for tensor in tensors}
    texts = {item.key: item.value for item in model.metadata_props}
    return Checkpoint(Arrays(entries), metadata_from(texts.get(METADATA_KEY)))


def write(stream: BinaryIO, content: Content) -> None:
    """The network's graph, then each array. The library needs all arrays in memory at once.

    The graph is the message's last field, and the arrays are the graph's last, so a truncated file
    is never a valid, shorter message.
    """
    onnx, arrays = library(), content.arrays
    model, tensors = _declared(onnx, content)
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
    """Import the package onnx. Raises FrameworkError: it is not installed."""
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise FrameworkError(
            "this needs onnx, which is not installed: pip install 'resnet-duet[onnx]'"
        ) from error
    return onnx


def _declared(onnx: ModuleType, content: Content) -> tuple[Any, list[Any]]:
    """The model without its initializers, and the initializers without their bytes."""
    from resnet_duet.onnx.network import one_precision, resnet

    arrays, metadata = content.arrays, content.metadata
    assert content.input_layout, "a graph needs a layout"
    plan = resnet_spec.plan(metadata.spec)
    model = resnet(plan, one_precision(arrays), content.input_layout)
    onnx.helper.set_model_props(model, {METADATA_KEY: metadata.to_json()})
    tensors = list(model.graph.initializer)
    check_arrays(arrays.shapes, {tensor.name: tuple(tensor.dims) for tensor in tensors})
    del model.graph.initializer[:]
    return model, tensors


def _head(onnx: ModuleType, tensor: Any, arrays: Arrays) -> bytes:
    """The encoded bytes that precede an array's own bytes."""
    size = arrays.entries[tensor.name].nbytes
    head = tensor.SerializeToString() + _field(onnx.TensorProto.RAW_DATA_FIELD_NUMBER, size)
    return _field(onnx.GraphProto.INITIALIZER_FIELD_NUMBER, len(head) + size) + head


def _field(number: int, size: int) -> bytes:
    """The start of a field of `size` bytes in the encoding of Protocol Buffers."""
    return _varint(number << 3 | 2) + _varint(size)


def _varint(value: int) -> bytes:
    """Seven bits per byte, the lowest first; the high bit marks that more follow."""
    if value < 128:
        return bytes([value])
    return bytes([value & 127 | 128]) + _varint(value >> 7)


def _entry(tensor: Any) -> Entry:
    from onnx import TensorProto, helper, numpy_helper

    if tensor.data_location == TensorProto.EXTERNAL:
        raise FileError(
            f"{tensor.name} is stored in another file; onnx.save(onnx.load(a), b) brings it in"
        )
    # KeyError, TypeError, ValueError: a type number that ONNX does not define, or wrong sizes.
    errors = (KeyError, TypeError, ValueError)
    with corrupted(KIND, *errors):
        dtype = named_dtype(np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).name)

    def array() -> np.ndarray:
        with corrupted(KIND, *errors):
            return numpy_helper.to_array(tensor)

    return Entry(tuple(tensor.dims), dtype, array)
