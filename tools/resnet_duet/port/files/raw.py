"""Arrays that lie in a file as plain bytes."""

from pathlib import Path

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.port.arrays import Entry, Shape


def stretch(path: Path, start: int, dtype: np.dtype, shape: Shape) -> Entry:
    """The array whose bytes begin at `start`, row by row."""

    def read() -> np.ndarray:
        if start + entry.nbytes > path.stat().st_size:
            raise FileError(f"{path} ends before its arrays do")
        if not entry.nbytes:
            return np.empty(shape, entry.dtype)
        # Mapped, not copied; the map goes with the array, so that its pages do not add up.
        array = np.memmap(path, dtype, "r", start, (entry.nbytes // dtype.itemsize,))
        return array.view(np.ndarray).astype(entry.dtype, copy=False).reshape(shape)

    entry = Entry(shape, dtype.newbyteorder("="), read)
    return entry
