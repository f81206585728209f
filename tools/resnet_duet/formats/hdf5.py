"""HDF5 files: read by a worker process that may crash, written to a stream that never fails."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.formats.damage import corrupted
from resnet_duet.formats.raw import read_range
from resnet_duet.weights.arrays import Arrays, Entry, Shape, named_dtype

KIND = "an HDF5 file"
WORKER = Path(__file__).with_name("hdf5_worker.py")
BFLOAT16, DTYPE_ATTRIBUTE = "bfloat16", "dtype"  # HDF5 has no bfloat16; Keras marks it like this
LONGEST_ATTRIBUTE = 64512  # bytes, HDF5's limit; Keras splits longer lists as well
DAMAGED = 65  # the worker's exit status for a corrupted file, EX_DATAERR of sysexits.h
SECONDS = 60  # the index of a network of 1,202 layers takes less than two


@dataclass(frozen=True)
class Dataset:
    """One array of the file.

    Attributes:
        dtype: NumPy's name, with the byte order.
        offset: where its bytes begin; None if they are not stored contiguously.
    """

    shape: Shape
    dtype: str
    offset: int | None


@dataclass(frozen=True)
class Index:
    """The content of a file, by paths such as `layers/conv2d/vars/0`; the root's path is empty.

    Attributes:
        attributes: {path: {name: text or list of texts}}, of groups and arrays.
        datasets: {path: array}.
    """

    path: Path
    attributes: Mapping[str, Mapping[str, Any]]
    datasets: Mapping[str, Dataset]

    def entry(self, name: str) -> Entry:
        """The array of this path, unread. Raises FileError: the file does not have it."""
        if name not in self.datasets:
            raise FileError(f"the file lists an array {name}, but does not contain it")
        dataset = self.datasets[name]
        dtype = np.dtype(dataset.dtype)
        if self.attributes[name].get(DTYPE_ATTRIBUTE) == BFLOAT16:
            if dtype != np.dtype("V2"):
                raise FileError(f"{name} is marked as bfloat16, but stored as {dtype}")
            dtype = named_dtype(BFLOAT16)
        if dataset.offset is not None:
            return read_range(self.path, dataset.offset, dtype, dataset.shape)
        entry = Entry(dataset.shape, dtype, lambda: _unpacked(self.path, name, entry))
        return entry


def index(path: Path) -> Index:
    """The content of a file. Raises FileError: not an HDF5 file, or corrupted."""
    found = json.loads(_ask(path))
    datasets = {
        name: Dataset(tuple(shape), dtype, offset)
        for name, (shape, dtype, offset) in found["datasets"].items()
    }
    return Index(path, found["attributes"], datasets)


def _unpacked(path: Path, name: str, entry: Entry) -> np.ndarray:
    """An array that is stored in chunks or compressed."""
    content = _ask(path, name)
    with corrupted(KIND, ValueError):  # fewer bytes than the shape needs
        return np.frombuffer(content, entry.dtype).reshape(entry.shape)


def _ask(path: Path, *names: str) -> bytes:
    """The worker's answer: the file's index, or the bytes of the arrays of these names.

    Raises:
        FileError: the file is corrupted.
        RuntimeError: a bug in the worker; the message holds its traceback.
    """
    command = [sys.executable, "-P", str(WORKER), str(path), *names]
    try:
        run = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise FileError(f"not {KIND}, or corrupted: reading its index never ends") from error
    message = run.stderr.decode(errors="replace").strip()
    if run.returncode < 0:
        raise FileError(f"not {KIND}, or corrupted: the HDF5 library crashes on it")
    if run.returncode == DAMAGED:
        raise FileError(f"not {KIND}, or corrupted: {message}")
    if run.returncode:
        raise RuntimeError(f"the HDF5 worker failed with status {run.returncode}:\n{message}")
    return run.stdout


class DeferredErrorStream:
    """A stream for h5py that stores the disk's first error instead of raising it.

    The HDF5 library crashes the process if a write fails while it closes a file.
    """

    def __init__(self, stream: BinaryIO):
        self.stream = stream
        self.error: OSError | None = None

    def write(self, content: Any) -> int:
        """Write, or do nothing after an error."""
        if self.error is None:
            try:
                self.stream.write(content)
            except OSError as error:
                self.error = error
        return len(content)

    def read(self, size: int = -1) -> bytes:
        """As of the stream."""
        return self.stream.read(size)

    def readinto(self, buffer: Any) -> int:
        """As of the stream."""
        return self.stream.readinto(buffer)  # type: ignore[attr-defined]

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of the stream."""
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        """As of the stream."""
        return self.stream.tell()

    def truncate(self, size: int | None = None) -> int:
        """Truncate, or do nothing after an error."""
        if self.error is None:
            try:
                return self.stream.truncate(size)
            except OSError as error:
                self.error = error
        return size or 0

    def flush(self) -> None:
        """Do nothing: the owner of the stream flushes it, and handles the error."""


@contextmanager
def writing(stream: BinaryIO) -> Iterator[Any]:
    """A new HDF5 file on a stream. Raises OSError: the disk's first error."""
    import h5py

    deferred = DeferredErrorStream(stream)
    try:
        with h5py.File(deferred, "w") as file:
            yield file
    except Exception:
        if deferred.error is None:
            raise  # h5py's errors after a failed write are its consequences
    if deferred.error is not None:
        raise deferred.error


def put(places: Mapping[str, tuple[Any, str]], arrays: Arrays) -> None:
    """Write every array into its place, a group and a name, in a form that Keras reads.

    This uses h5py's low-level interface: `create_dataset` takes ten times as long, and in a network
    of many small arrays that is most of the time.
    """
    from h5py import Dataset, h5d, h5p, h5s, h5t

    links = h5p.create(h5p.LINK_CREATE)
    links.set_create_intermediate_group(True)
    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)  # the same weights give the same file
    for name, (group, own) in places.items():
        array = arrays[name]
        kind, space = h5t.py_create(array.dtype, logical=True), h5s.create_simple(array.shape)
        dataset = h5d.create(group.id, own.encode(), kind, space, properties, links)
        dataset.write(h5s.ALL, h5s.ALL, np.ascontiguousarray(array))
        if array.dtype.name == BFLOAT16:
            Dataset(dataset).attrs[DTYPE_ATTRIBUTE] = BFLOAT16


def put_texts(group: Any, name: str, texts: list[str]) -> None:
    """Write a list of texts as an attribute, in numbered parts if it is too long for one."""
    encoded = np.array([text.encode() for text in texts])
    parts = np.array_split(encoded, max(1, -(-encoded.nbytes // LONGEST_ATTRIBUTE)))
    for number, part in enumerate(parts):
        group.attrs[f"{name}{number}" if len(parts) > 1 else name] = part


def texts(attributes: Mapping[str, Any], name: str) -> list[str] | None:
    """The list that `put_texts` or Keras wrote; None if there is none."""
    if name in attributes:
        return _as_list(attributes[name])
    parts: list[list[str]] = []
    while (part := attributes.get(f"{name}{len(parts)}")) is not None:
        parts.append(_as_list(part))
    return [text for part in parts for text in part] if parts else None


def _as_list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
