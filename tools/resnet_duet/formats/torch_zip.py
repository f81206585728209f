"""PyTorch's .pth, .pt, .th, .bin since 1.6: a zip of a pickle and of the tensors' bytes."""

import io
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.formats import torch_legacy
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.formats.torch_calls import KIND
from resnet_duet.formats.torch_dump import dumps
from resnet_duet.formats.torch_pickle import load, state_of
from resnet_duet.formats.torch_tensor import Storage, Tensor, strided
from resnet_duet.formats.zips import EPOCH, open_zip, read_member, read_text
from resnet_duet.metadata import METADATA_KEY, metadata_from
from resnet_duet.weights.arrays import Arrays, Entry, named_dtype

METADATA = f"{METADATA_KEY}.json"  # a record next to the pickle, which torch.load ignores
FOLDER = "archive"  # the name that torch.save uses when it writes to a stream
ALIGNMENT = 64  # bytes, of a tensor, so that torch.load can map it
HEADER = 30  # bytes before a record's name in a zip


def read(path: Path) -> Checkpoint:
    """The tensors of the innermost state_dict, of this format or the one before it."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as stream:
            if stream.read(2) == b"PK":
                raise FileError(f"not {KIND}, or corrupted: the zip archive is truncated")
        return torch_legacy.read(path)
    archive = open_zip(path, KIND)
    if compressed := [m.filename for m in archive.infolist() if m.compress_type]:
        raise FileError(f"not {KIND}: {compressed[0]} is compressed, which torch.save never does")
    names = set(archive.namelist())
    folders = [n.removesuffix("data.pkl") for n in sorted(names) if n.endswith("/data.pkl")]
    if len(folders) != 1:
        raise FileError(f"not {KIND}: it is a zip without a data.pkl of torch.save")
    (folder,) = folders
    order = f"{folder}byteorder"
    if order in names and read_member(archive, order, KIND) != b"little":
        raise FileError("its values are big-endian; save it again on a little-endian machine")
    program = io.BytesIO(read_member(archive, f"{folder}data.pkl", KIND))
    state, skipped = state_of(load(program))
    entries = {name: _entry(archive, folder, tensor) for name, tensor in state.items()}
    metadata = metadata_from(read_text(archive, folder + METADATA, KIND))
    return Checkpoint(Arrays(entries), metadata, skipped)


def write(stream: BinaryIO, content: Content) -> None:
    """A state_dict as `torch.save` writes it, and the metadata as one more record."""
    arrays = content.arrays
    tensors = {
        name: Tensor(
            Storage(str(number), entry.dtype.name, entry.nbytes // entry.dtype.itemsize),
            offset=0,
            shape=entry.shape,
            stride=_row_major(entry.shape),
        )
        for number, (name, entry) in enumerate(arrays.entries.items())
    }
    with zipfile.ZipFile(stream, "w") as archive:
        _add(archive, "data.pkl", dumps(tensors))
        _add(archive, "byteorder", b"little")
        _add(archive, METADATA, content.metadata.to_json().encode())
        for name, tensor in tensors.items():
            array = np.ascontiguousarray(arrays[name])
            _add(archive, f"data/{tensor.storage.key}", array.reshape(-1).view(np.uint8).data)
        _add(archive, "version", b"3\n")


def _entry(archive: zipfile.ZipFile, folder: str, tensor: Tensor) -> Entry:
    storage = tensor.storage
    dtype = named_dtype(storage.dtype)
    record = f"{folder}data/{storage.key}"
    if record not in archive.NameToInfo:
        raise FileError(f"not {KIND}, or corrupted: the archive has no {record}")
    if (size := archive.getinfo(record).file_size) < storage.size * dtype.itemsize:
        raise FileError(f"{record} has {size:,} bytes, too few for {storage.size:,} values")

    def read() -> np.ndarray:
        content = read_member(archive, record, KIND)
        return strided(np.frombuffer(content, dtype, storage.size), tensor)

    return Entry(tensor.shape, dtype, read)


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The stride of a contiguous tensor, in values."""
    return tuple(int(np.prod(shape[axis + 1 :], dtype=int)) for axis in range(len(shape)))


def _add(archive: zipfile.ZipFile, name: str, content: Any) -> None:
    """Add a record. A meaningless extra field moves its first byte to a multiple of 64."""
    record = zipfile.ZipInfo(f"{FOLDER}/{name}", EPOCH)
    assert archive.fp is not None
    start = archive.fp.tell() + HEADER + len(record.filename) + 4  # 4: the field's own header
    gap = -start % ALIGNMENT
    record.extra = b"FB" + gap.to_bytes(2, "little") + b"Z" * gap
    archive.writestr(record, content)
