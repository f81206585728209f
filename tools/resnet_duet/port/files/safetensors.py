"""Hugging Face's .safetensors: a JSON header and raw bytes."""

import json
from pathlib import Path
from typing import BinaryIO

import numpy as np
from safetensors import safe_open

from resnet_duet.errors import FileError
from resnet_duet.port.arrays import Arrays, named_dtype
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.files.raw import stretch
from resnet_duet.port.label import KEY, Label, label_of

WORDS = {  # the format's word for each precision
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
    "bool": "BOOL",
}
ALIGNMENT = 8  # of the first tensor, by the format's definition


def read(path: Path) -> Checkpoint:
    """Every tensor of the file. The library checks the header; the bytes are read when needed."""
    with safe_open(path, framework="numpy") as file:
        dtypes = {word: name for name, word in WORDS.items()}
        entries, start = {}, _data_start(path)
        for name in file.offset_keys():  # they follow one another without a gap
            part = file.get_slice(name)
            if (word := part.get_dtype()) not in dtypes:
                raise FileError(f"{name} is of precision {word}, in which no ResNet is kept")
            dtype, shape = named_dtype(dtypes[word]), tuple(part.get_shape())
            entries[name] = stretch(path, start, dtype, shape)
            start += entries[name].nbytes
        label = label_of((file.metadata() or {}).get(KEY))
    return Checkpoint(Arrays(entries), label)


def write(stream: BinaryIO, arrays: Arrays, label: Label) -> None:
    """One tensor after the other. The library's own writer wants all of them in memory."""
    # Wide numbers first, so that every tensor starts at a multiple of its own width.
    names = sorted(arrays, key=lambda name: -arrays.entries[name].dtype.itemsize)
    header: dict[str, object] = {"__metadata__": {"format": "pt", KEY: label.to_json()}}
    offset = 0
    for name in names:
        entry = arrays.entries[name]
        end = offset + entry.nbytes
        word = WORDS[entry.dtype.name]
        header[name] = {"dtype": word, "shape": entry.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    stream.write(len(text).to_bytes(8, "little") + text)
    for name in names:
        stream.write(np.ascontiguousarray(arrays[name]).reshape(-1).view(np.uint8).data)


def _data_start(path: Path) -> int:
    with path.open("rb") as stream:
        return 8 + int.from_bytes(stream.read(8), "little")
