"""ONNX: a graph for any runtime. Its initializers are the weights, under their torch names."""

from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

import resnet_spec
from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.formats.damage import corrupted, first_line
from resnet_duet.formats.zips import refuse_bomb
from resnet_duet.graphs import onnx as graphs
from resnet_duet.graphs.onnx import initializers
from resnet_duet.metadata import METADATA_KEY, metadata_from
from resnet_duet.weights.arrays import Arrays
from resnet_spec.errors import check_arrays

KIND = "an ONNX file"
LONGEST = 2**31 - 1  # bytes of a Protocol Buffers message


def read(path: Path) -> Checkpoint:
    """The graph and every initializer. The file is one message, so it is read as a whole."""
    model, companions = load_model(path)
    graph, arrays = None, Arrays(initializers(model))
    if model.graph.node:
        graph, arrays = graphs.read(model)
    texts = {item.key: item.value for item in model.metadata_props}
    metadata = metadata_from(texts.get(METADATA_KEY))
    return Checkpoint(arrays, metadata, graph=graph, companions=companions)


def load_model(path: Path) -> tuple[Any, tuple[Path, ...]]:
    """A model with all its tensors, and the other files that hold some of them.

    `torch.onnx.export` writes the weights to a second file in the same folder. ONNX itself checks
    that no tensor names a file outside of the folder or bytes outside of its file.

    Raises:
        FileError: the file is corrupted, or another file is missing or too short.
        FrameworkError: onnx is not installed.
    """
    onnx = library()
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    with corrupted(KIND, DecodeError):
        model = onnx.load(path, load_external_data=False)
    elsewhere = [t for t in model.graph.initializer if t.data_location == t.EXTERNAL]
    if not elsewhere:
        return model, ()
    fields = [{item.key: item.value for item in tensor.external_data} for tensor in elsewhere]
    companions = tuple(path.parent / name for name in {f.get("location", "") for f in fields})
    try:
        sizes = {file: file.stat().st_size for file in companions}
        lengths = [int(f["length"]) if "length" in f else max(sizes.values()) for f in fields]
        refuse_bomb((path, *companions), sum(lengths))
        onnx.load_external_data_for_model(model, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        names = ", ".join(sorted(file.name for file in companions))
        raise FileError(
            f"its tensors are in another file, {names}, which cannot be read: keep both files in"
            f" one folder ({first_line(error)})"
        ) from error
    return model, companions


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
