"""PyTorch's exported programs, .pt2: a zip of a graph as JSON and of the tensors' bytes.

Nothing in it is run, and PyTorch is not needed.
"""

import json
import zipfile
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.damage import corrupted
from resnet_duet.formats.torch_tensor import Storage, Tensor, strided
from resnet_duet.formats.zips import open_zip, read_member, read_text
from resnet_duet.graphs import torch_export
from resnet_duet.weights.arrays import Arrays, Entry, named_dtype

KIND = "an exported PyTorch program"
MODEL = "models/model.json"
CONFIGS = ("weights", "constants")  # folders of `data/`, each with a list of its tensors
DTYPES = {  # {number of a precision in torch._export.serde.schema.ScalarType: its name}
    **{1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32"},
    **{8: "float64", 12: "bool", 13: "bfloat16"},
}
LARGEST = 2**48  # of sizes, strides and offsets, in values
FORM_ERRORS = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


def read(path: Path) -> Checkpoint:
    """The arrays of the program under the names of its state_dict, and its graph."""
    archive = open_zip(path, KIND)
    names = archive.namelist()
    if len(set(names)) != len(names):
        raise FileError(f"not {KIND}, or corrupted: the archive has a name twice")
    folders = [name.removesuffix(MODEL) for name in names if name.endswith(f"/{MODEL}")]
    if len(folders) != 1:
        raise _without_model(names)
    (folder,) = folders
    if f"{folder}byteorder" in names and read_member(archive, f"{folder}byteorder", KIND) == b"big":
        raise FileError("its values are big-endian; save it again on a little-endian machine")
    entries: dict[str, Entry] = {}
    for place in CONFIGS:
        for name, entry in _entries(archive, f"{folder}data/{place}/", place):
            if name in entries:
                raise FileError(f"not {KIND}, or corrupted: it has two arrays {name}")
            entries[name] = entry
    document = _json(archive, f"{folder}{MODEL}")
    shapes = {name: entry.shape for name, entry in entries.items()}
    return Checkpoint(Arrays(entries), None, graph=torch_export.read(document, shapes))


def _without_model(names: list[str]) -> FileError:
    """The error for an archive that has no graph, or several."""
    if any("aotinductor/" in name for name in names):
        return FileError("this program is compiled (AOTInductor); save the exported program itself")
    if "serialized_exported_program.json" in names:
        return FileError(
            "this program has the format of PyTorch 2.7 and earlier; with a later PyTorch:",
            ["torch.export.save(torch.export.load(old), new)"],
        )
    return FileError(f"not {KIND}: the archive has no {MODEL}, or several")


def _entries(archive: zipfile.ZipFile, folder: str, place: str) -> Iterator[tuple[str, Entry]]:
    """(name, array) of each tensor that a configuration lists."""
    config = f"{folder}model_{place}_config.json"
    if config not in archive.NameToInfo:
        return
    with corrupted(KIND, *FORM_ERRORS):
        rows = dict(_json(archive, config)["config"].items())
    for name, row in rows.items():
        with corrupted(KIND, *FORM_ERRORS):
            tensor = _tensor(archive, folder, row)
        yield name, _entry(archive, tensor)


def _tensor(archive: zipfile.ZipFile, folder: str, row: Any) -> Tensor:
    """The tensor of a row of a configuration; its storage's key is a record of the archive."""
    if row["use_pickle"]:
        raise FileError("refused: it has an array as a pickle, of a special class of tensors")
    meta = row["tensor_meta"]
    shape = tuple(size["as_int"] for size in meta["sizes"])
    stride = tuple(step["as_int"] for step in meta["strides"])
    offset = meta["storage_offset"]["as_int"]
    counts = (offset, *shape, *stride)
    if not all(type(n) is int and 0 <= n <= LARGEST for n in counts) or len(shape) != len(stride):
        raise ValueError("a tensor with an invalid size, stride or offset")
    record = f"{folder}{row['path_name']}"
    if record not in archive.NameToInfo:
        raise ValueError(f"the archive has no {record}")
    dtype = DTYPES[meta["dtype"]]
    size = archive.getinfo(record).file_size // named_dtype(dtype).itemsize
    tensor = Tensor(Storage(record, dtype, size), offset, shape, stride)
    if max(prod(shape), offset + tensor.reach) > size:
        raise ValueError(f"{record} is too short for a tensor of shape {shape}")
    return tensor


def _entry(archive: zipfile.ZipFile, tensor: Tensor) -> Entry:
    dtype = named_dtype(tensor.storage.dtype)

    def read() -> np.ndarray:
        content = read_member(archive, tensor.storage.key, KIND)
        return strided(np.frombuffer(content, dtype, tensor.storage.size), tensor)

    return Entry(tensor.shape, dtype, read)


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    """A member that is JSON, in which no object has a key twice."""
    text = read_text(archive, name, KIND)
    with corrupted(KIND, ValueError, RecursionError):
        return json.loads(text or "", object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these items. Raises ValueError: a key twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object of its JSON has a key twice")
    return found
