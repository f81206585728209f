"""Hugging Face's .safetensors: a JSON header, then the tensors' bytes."""

import json
from pathlib import Path
from typing import BinaryIO

import numpy as np
from safetensors import SafetensorError, safe_open

from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.formats.damage import corrupted
from resnet_duet.formats.raw import read_range
from resnet_duet.metadata import METADATA_KEY, metadata_from
from resnet_duet.weights.arrays import Arrays, named_dtype

DTYPES = {  # {NumPy's name: the format's}
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
    "bool": "BOOL",
}
ALIGNMENT = 8  # bytes, of the first tensor, as the format requires


def read(path: Path) -> Checkpoint:
    """Every tensor of the file. The library checks the header; tensors are read when used."""
    # TypeError: a header whose metadata is not text. MemoryError: a header too long.
    with (
        corrupted("a safetensors file", SafetensorError, TypeError, MemoryError),
        safe_open(path, framework="numpy") as file,
    ):
        names = file.offset_keys()
        parts = [file.get_slice(name) for name in names]
        kinds = [(part.get_dtype(), tuple(part.get_shape())) for part in parts]
        texts = file.metadata() or {}
    dtypes = {own: name for name, own in DTYPES.items()}
    entries, start = {}, _data_start(path)
    for name, (own, shape) in zip(names, kinds, strict=True):  # they follow without a gap
        if own not in dtypes:
            raise FileError(f"{name} has precision {own}, which no ResNet is stored in")
        entries[name] = read_range(path, start, named_dtype(dtypes[own]), shape)
        start += entries[name].nbytes
    return Checkpoint(Arrays(entries), metadata_from(texts.get(METADATA_KEY)))


def write(stream: BinaryIO, content: Content) -> None:
    """One tensor after the other. The library's own writer needs all of them in memory at once."""
    arrays = content.arrays
    # The widest precision first, so that every tensor starts at a multiple of its width.
    names = sorted(arrays, key=lambda name: -arrays.entries[name].dtype.itemsize)
    texts = {"format": "pt", METADATA_KEY: content.metadata.to_json()}
    header: dict[str, object] = {"__metadata__": texts}
    offset = 0
    for name in names:
        entry = arrays.entries[name]
        end = offset + entry.nbytes
        dtype = DTYPES[entry.dtype.name]
        header[name] = {"dtype": dtype, "shape": entry.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    stream.write(len(text).to_bytes(8, "little") + text)
    for name in names:
        stream.write(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data)


def _data_start(path: Path) -> int:
    """The offset of the first tensor: the header's length is in the first 8 bytes."""
    with path.open("rb") as stream:
        return 8 + int.from_bytes(stream.read(8), "little")
