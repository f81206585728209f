"""A process of its own that reads HDF5, run as a script: `python h5_child.py FILE [ARRAY]`.

The HDF5 library is written in C, and a file of a few flipped bits can crash it, or keep it busy
for ever. Here it may: `hdf5.py` started this process, and waits for it for so long and no longer.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MEMORY = 192 * 2**20  # bytes that it may take beyond what it has when it is started
TIMES = 300  # a file's size, which it may take as well
UNKNOWN = 2 * 2**30  # bytes that it has, where the system does not say
DEEPEST = 16  # groups within groups
LONGEST = 16 * 2**20  # characters of names and texts, some ten times what 1,202 layers have


class Index:
    """What a file holds.

    Attributes:
        attributes: {path: {name: text or list of texts}}, of groups and arrays.
        datasets: {path: (shape, dtype, offset)} of arrays; see `hdf5.Dataset`.
    """

    def __init__(self, file: h5py.File):
        self.attributes: dict[str, Any] = {}
        self.datasets: dict[str, Any] = {}
        self.length = 0
        self.places: set[int] = set()
        self.note(file, "")

    def note(self, item: h5py.HLObject, path: str) -> None:
        """An item, and all within it."""
        place = h5py.h5o.get_info(item.id).addr
        if place in self.places:  # a group may contain itself
            raise ValueError(f"refused, since {path} is also somewhere else in the file")
        self.places.add(place)
        self.spend(path)
        self.attributes[path] = self.texts(item)
        if isinstance(item, h5py.Group):
            if path.count("/") > DEEPEST:
                raise ValueError(f"more than {DEEPEST} groups stand one in another")
            links = item.id.links
            for name in item:
                whole = f"{path}/{name}" if path else name
                if links.get_info(os.fsencode(name)).type != h5py.h5l.TYPE_HARD:
                    raise ValueError(f"refused, since {whole} is a link to somewhere else")
                self.note(item[name], whole)
        elif isinstance(item, h5py.Dataset) and item.shape is not None:
            self.datasets[path] = (item.shape, item.dtype.str, offset(item, path))

    def texts(self, item: h5py.HLObject) -> dict[str, str | list[str]]:
        """Those attributes that are texts or lists of texts."""
        found: dict[str, str | list[str]] = {}
        if not h5py.h5a.get_num_attrs(item.id):
            return found
        for name in item.attrs:
            if item.attrs.get_id(name).dtype.kind not in "SO":  # numbers may be any number of them
                continue
            value = item.attrs[name]
            plain = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
            words = [text(word) for word in (plain if isinstance(plain, list) else [plain])]
            if all(isinstance(word, str) for word in words):
                self.spend(name, *words)
                found[name] = words if isinstance(plain, list) else words[0]
        return found

    def spend(self, *words: str) -> None:
        """Raise ValueError if there is more to say of the file than of any network."""
        self.length += sum(map(len, words))
        if self.length > LONGEST:
            raise ValueError("its index is longer than any network's")


def index(file: h5py.File) -> str:
    """JSON of what the file holds."""
    found = Index(file)
    return json.dumps({"attributes": found.attributes, "datasets": found.datasets})


def offset(dataset: h5py.Dataset, path: str) -> int | None:
    """Where the bytes begin; None where they do not lie in the file as NumPy would have them."""
    properties = dataset.id.get_create_plist()
    layout = properties.get_layout()
    if layout == h5py.h5d.VIRTUAL or properties.get_external_count():
        raise ValueError(f"refused, since {path} lies in another file")
    if layout != h5py.h5d.CONTIGUOUS:  # in pieces, which may be squeezed, or tiny
        return None
    if dataset.id.get_type() != h5py.h5t.py_create(dataset.dtype, logical=True):
        return None  # of a precision that HDF5 would convert
    return dataset.id.get_offset()  # None as well if nothing was written


def text(value: Any) -> Any:
    """Keras 2 wrote bytes, Keras 3 writes text."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def bound_memory(size: int) -> None:
    """A lie about a size must not take the machine's memory."""
    try:
        import resource
    except ImportError:  # Windows has no such thing
        return
    statistics = Path("/proc/self/statm")
    pages = int(statistics.read_text().split()[0]) if statistics.exists() else 0
    most = (pages * resource.getpagesize() or UNKNOWN) + MEMORY + TIMES * size
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:  # a narrower bound of the user's own
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(path: str, *names: str) -> None:
    """Print the file's index, or the bytes of the arrays of these names."""
    try:
        bound_memory(Path(path).stat().st_size)
        with h5py.File(path) as file:
            output = b"".join(file[name][()].tobytes() for name in names)
            sys.stdout.buffer.write(output if names else index(file).encode())
    except Exception as error:  # h5py raises whatever HDF5 says, in a dozen classes
        sys.exit(str(error).strip().partition("\n")[0] or type(error).__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])
