"""HDF5 files: read through a process that may crash, written through a disk that never fails."""

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
from resnet_duet.port.arrays import Arrays, Entry, Shape, named_dtype
from resnet_duet.port.files.raw import stretch

CHILD = Path(__file__).with_name("h5_child.py")
BFLOAT16, NOTE = "bfloat16", "dtype"  # HDF5 has no such number: Keras notes it as an attribute
LONGEST_ATTRIBUTE = 64512  # bytes, by HDF5's limit; Keras cuts longer lists as well
SECONDS = 60  # the index of a network of 1,202 layers takes less than two


@dataclass(frozen=True)
class Dataset:
    """One array of the file.

    Attributes:
        dtype: NumPy's word, with its byte order.
        offset: where its bytes begin; None where they do not lie in the file as they are.
    """

    shape: Shape
    dtype: str
    offset: int | None


@dataclass(frozen=True)
class Index:
    """What the file holds, by paths such as `layers/conv2d/vars/0`; the root's path is empty.

    Attributes:
        attributes: {path: {name: text or list of texts}}, of groups and arrays.
        datasets: {path: array}.
    """

    path: Path
    attributes: Mapping[str, Mapping[str, Any]]
    datasets: Mapping[str, Dataset]

    def entry(self, name: str) -> Entry:
        """The array of this path, unread. Raises FileError: there is none."""
        if name not in self.datasets:
            raise FileError(f"it speaks of an array {name}, and has none")
        dataset = self.datasets[name]
        dtype = np.dtype(dataset.dtype)
        if self.attributes[name].get(NOTE) == BFLOAT16:
            if dtype != np.dtype("V2"):
                raise FileError(f"{name} is said to be bfloat16, and is {dtype}")
            dtype = named_dtype(BFLOAT16)
        if dataset.offset is not None:
            return stretch(self.path, dataset.offset, dtype, dataset.shape)
        entry = Entry(dataset.shape, dtype, lambda: _unpacked(self.path, name, entry))
        return entry


def index(path: Path) -> Index:
    """What a file holds. Raises FileError: it is no HDF5 file, or a damaged one."""
    found = json.loads(_ask(path))
    datasets = {
        name: Dataset(tuple(shape), dtype, offset)
        for name, (shape, dtype, offset) in found["datasets"].items()
    }
    return Index(path, found["attributes"], datasets)


def _unpacked(path: Path, name: str, entry: Entry) -> np.ndarray:
    return np.frombuffer(_ask(path, name), entry.dtype).reshape(entry.shape)


def _ask(path: Path, *names: str) -> bytes:
    """What the child process says of the file."""
    command = [sys.executable, "-P", str(CHILD), str(path), *names]
    try:
        run = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise FileError("its index is damaged: HDF5 finds no end in it") from None
    if run.returncode < 0:
        raise FileError("its index is damaged: HDF5 crashes on it")
    if run.returncode > 0:
        lines = run.stderr.decode(errors="replace").strip().splitlines()
        raise FileError(lines[-1] if lines else "its index is damaged")
    return run.stdout


class Shelter:
    """A stream for h5py that keeps the disk's errors to itself until they are asked for.

    HDF5 crashes the process if it is told, while it closes a file, that the disk is full.
    """

    def __init__(self, stream: BinaryIO):
        self.stream = stream
        self.error: OSError | None = None

    def write(self, content: Any) -> int:
        if self.error is None:
            try:
                self.stream.write(content)
            except OSError as error:
                self.error = error
        return len(content)

    def read(self, size: int = -1) -> bytes:
        return self.stream.read(size)

    def readinto(self, buffer: Any) -> int:
        return self.stream.readinto(buffer)  # type: ignore[attr-defined]

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        return self.stream.tell()

    def truncate(self, size: int | None = None) -> int:
        if self.error is None:
            try:
                return self.stream.truncate(size)
            except OSError as error:
                self.error = error
        return size or 0

    def flush(self) -> None:
        """Nothing: the stream is flushed where its errors are heard."""


@contextmanager
def writing(stream: BinaryIO) -> Iterator[Any]:
    """A new HDF5 file on a stream. Raises OSError: the disk refused."""
    import h5py

    shelter = Shelter(stream)
    try:
        with h5py.File(shelter, "w") as file:
            yield file
    except Exception:
        if shelter.error is None:
            raise
    if shelter.error is not None:
        raise shelter.error


def put(places: Mapping[str, tuple[Any, str]], arrays: Arrays) -> None:
    """Every array into its place, a group and a name, in a form that Keras reads back.

    By h5py's lower interface: `create_dataset` takes ten times as long to find out what is said
    here, which for a network of many small arrays is most of the time.
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
            Dataset(dataset).attrs[NOTE] = BFLOAT16


def put_texts(group: Any, name: str, texts: list[str]) -> None:
    """A list of texts as an attribute, in numbered parts where it is too long for one."""
    encoded = np.array([text.encode() for text in texts])
    parts = np.array_split(encoded, max(1, -(-encoded.nbytes // LONGEST_ATTRIBUTE)))
    for number, part in enumerate(parts):
        group.attrs[f"{name}{number}" if len(parts) > 1 else name] = part


def texts(attributes: Mapping[str, Any], name: str) -> list[str] | None:
    """The list that `put_texts` or Keras wrote; None if there is none."""
    if name in attributes:
        return _listed(attributes[name])
    parts: list[list[str]] = []
    while (part := attributes.get(f"{name}{len(parts)}")) is not None:
        parts.append(_listed(part))
    return [text for part in parts for text in part] if parts else None


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
