"""A script that reads HDF5 in a separate process: `python hdf5_worker.py FILE [ARRAY ...]`.

The HDF5 library is written in C. A file with a few flipped bits can crash it, or send it into an
endless loop. `hdf5.py` starts this process, waits for a limited time, and reports both as a
corrupted file.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MEMORY = 192 * 2**20  # bytes that the process may take beyond its size at the start
TIMES = 300  # times a file's size, which it may take on top
UNKNOWN = 2 * 2**30  # bytes assumed as its size at the start, if the system does not report it
DEEPEST = 16  # groups within groups
LONGEST = 16 * 2**20  # characters of names and texts, about ten times those of 1,202 layers
DAMAGED = 65  # exit status for a corrupted file; `hdf5.py` has the same

# h5py turns an error of the HDF5 library into one of these. Other errors are bugs in this script:
# they end it with a traceback and status 1.
H5PY_ERRORS = (OSError, RuntimeError, ValueError, KeyError, TypeError, OverflowError, MemoryError)


class Index:
    """The content of a file.

    Attributes:
        attributes: {path: {name: text or list of texts}}, of groups and arrays.
        datasets: {path: (shape, dtype, offset)} of arrays; see `hdf5.Dataset`.
    """

    def __init__(self, file: h5py.File):
        self.attributes: dict[str, Any] = {}
        self.datasets: dict[str, Any] = {}
        self.length = 0
        self.addresses: set[int] = set()
        self.add(file, "")

    def add(self, item: h5py.HLObject, path: str) -> None:
        """Add an item and everything in it."""
        address = h5py.h5o.get_info(item.id).addr
        if address in self.addresses:  # a group may contain itself
            raise ValueError(f"refused: {path} is in the file a second time")
        self.addresses.add(address)
        self.count(path)
        self.attributes[path] = self.texts(item)
        if isinstance(item, h5py.Group):
            if path.count("/") > DEEPEST:
                raise ValueError(f"more than {DEEPEST} groups are nested in one another")
            links = item.id.links
            for name in item:
                child = f"{path}/{name}" if path else name
                if links.get_info(os.fsencode(name)).type != h5py.h5l.TYPE_HARD:
                    raise ValueError(f"refused: {child} is a link to another place")
                self.add(item[name], child)
        elif isinstance(item, h5py.Dataset) and item.shape is not None:
            self.datasets[path] = (item.shape, item.dtype.str, offset(item, path))

    def texts(self, item: h5py.HLObject) -> dict[str, str | list[str]]:
        """The attributes that are texts or lists of texts."""
        found: dict[str, str | list[str]] = {}
        if not h5py.h5a.get_num_attrs(item.id):
            return found
        for name in item.attrs:
            if item.attrs.get_id(name).dtype.kind not in "SO":  # numeric attributes may be huge
                continue
            value = item.attrs[name]
            plain = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
            words = [text(word) for word in (plain if isinstance(plain, list) else [plain])]
            if all(isinstance(word, str) for word in words):
                self.count(name, *words)
                found[name] = words if isinstance(plain, list) else words[0]
        return found

    def count(self, *words: str) -> None:
        """Count characters. Raises ValueError: the file has more of them than any network."""
        self.length += sum(map(len, words))
        if self.length > LONGEST:
            raise ValueError(f"its names and texts are longer than {LONGEST:,} characters")


def index(file: h5py.File) -> str:
    """JSON of the file's content."""
    found = Index(file)
    return json.dumps({"attributes": found.attributes, "datasets": found.datasets})


def offset(dataset: h5py.Dataset, path: str) -> int | None:
    """Where the array's bytes begin; None if they are not stored as NumPy would store them."""
    properties = dataset.id.get_create_plist()
    layout = properties.get_layout()
    if layout == h5py.h5d.VIRTUAL or properties.get_external_count():
        raise ValueError(f"refused: {path} is stored in another file")
    if layout != h5py.h5d.CONTIGUOUS:  # in chunks, possibly compressed, or in the file's index
        return None
    if dataset.id.get_type() != h5py.h5t.py_create(dataset.dtype, logical=True):
        return None  # a precision that HDF5 converts
    return dataset.id.get_offset()  # None as well if nothing was written


def text(value: Any) -> Any:
    """Keras 2 writes bytes, Keras 3 writes text."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def limit_memory(size: int) -> None:
    """Limit the memory of this process: a corrupt header may claim any size.

    Args:
        size: of the file, in bytes.
    """
    try:
        import resource
    except ImportError:  # Windows does not have it
        return
    statistics = Path("/proc/self/statm")
    pages = int(statistics.read_text().split()[0]) if statistics.exists() else 0
    most = (pages * resource.getpagesize() or UNKNOWN) + MEMORY + TIMES * size
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:  # the user may have set a lower limit
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(path: str, *names: str) -> None:
    """Print the file's index, or the bytes of the arrays of these names."""
    try:
        limit_memory(Path(path).stat().st_size)
        with h5py.File(path) as file:
            output = b"".join(file[name][()].tobytes() for name in names)
            sys.stdout.buffer.write(output if names else index(file).encode())
    except H5PY_ERRORS as error:
        line = str(error).strip().partition("\n")[0] or type(error).__name__
        print(line, file=sys.stderr)
        sys.exit(DAMAGED)


if __name__ == "__main__":
    main(*sys.argv[1:])
