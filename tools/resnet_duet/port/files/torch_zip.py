"""PyTorch's .pth, .pt, .th, .bin since 1.6: a zip of a pickle and of the tensors' bytes."""

import io
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.port.arrays import Arrays, Entry, named_dtype
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.files import torch_legacy
from resnet_duet.port.files.torch_pickle import Storage, Tensor, dumps, load, state_of, strided
from resnet_duet.port.files.zips import EPOCH, open_zip, read_text
from resnet_duet.port.label import KEY, Label, label_of

LABEL = f"{KEY}.json"  # a record beside the pickle, which torch.load passes over
FOLDER = "archive"  # torch.save's own word, where it writes to a stream
ALIGNMENT = 64  # of a tensor's bytes, so that torch.load can map them
HEADER = 30  # bytes before a record's name in a zip


def read(path: Path) -> Checkpoint:
    """The tensors of the innermost state_dict, of this format or the one before it."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as stream:
            if stream.read(2) == b"PK":
                raise FileError("it is damaged: it begins as a zip, and its end is missing")
        return torch_legacy.read(path)
    archive = open_zip(path)
    if squeezed := [m.filename for m in archive.infolist() if m.compress_type]:
        raise FileError(f"{squeezed[0]} is compressed, which torch.save never does")
    names = set(archive.namelist())
    folders = [n.removesuffix("data.pkl") for n in sorted(names) if n.endswith("/data.pkl")]
    if len(folders) != 1:
        raise FileError("it is a zip, but holds no data.pkl, so nothing that torch.save wrote")
    (folder,) = folders
    if (order := f"{folder}byteorder") in names and archive.read(order) != b"little":
        raise FileError("its numbers are big-endian; save it again on a little-endian machine")
    state, left_out = state_of(load(io.BytesIO(archive.read(f"{folder}data.pkl"))))
    entries = {name: _entry(archive, folder, tensor) for name, tensor in state.items()}
    return Checkpoint(Arrays(entries), label_of(read_text(archive, folder + LABEL)), left_out)


def write(stream: BinaryIO, arrays: Arrays, label: Label) -> None:
    """A state_dict as `torch.save` writes it, and the label beside it."""
    tensors = {
        name: Tensor(
            Storage(str(number), entry.dtype.name, entry.nbytes // entry.dtype.itemsize),
            offset=0,
            shape=entry.shape,
            stride=_row_by_row(entry.shape),
        )
        for number, (name, entry) in enumerate(arrays.entries.items())
    }
    with zipfile.ZipFile(stream, "w") as archive:
        _add(archive, "data.pkl", dumps(tensors))
        _add(archive, "byteorder", b"little")
        _add(archive, LABEL, label.to_json().encode())
        for name, tensor in tensors.items():
            array = np.ascontiguousarray(arrays[name])
            _add(archive, f"data/{tensor.storage.key}", array.reshape(-1).view(np.uint8).data)
        _add(archive, "version", b"3\n")


def _entry(archive: zipfile.ZipFile, folder: str, tensor: Tensor) -> Entry:
    storage = tensor.storage
    dtype = named_dtype(storage.dtype)
    record = f"{folder}data/{storage.key}"
    if (size := archive.getinfo(record).file_size) < storage.size * dtype.itemsize:
        raise FileError(f"{record} has {size} bytes, too few for {storage.size} numbers")

    def read() -> np.ndarray:
        return strided(np.frombuffer(archive.read(record), dtype, storage.size), tensor)

    return Entry(tensor.shape, dtype, read)


def _row_by_row(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(np.prod(shape[axis + 1 :], dtype=int)) for axis in range(len(shape)))


def _add(archive: zipfile.ZipFile, name: str, content: Any) -> None:
    """One record; a field that means nothing moves its first byte to a multiple of 64."""
    record = zipfile.ZipInfo(f"{FOLDER}/{name}", EPOCH)
    assert archive.fp is not None
    start = archive.fp.tell() + HEADER + len(record.filename) + 4  # 4: the field's own header
    gap = -start % ALIGNMENT
    record.extra = b"FB" + gap.to_bytes(2, "little") + b"Z" * gap
    archive.writestr(record, content)
