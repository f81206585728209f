"""Arrays stored in a file as plain bytes."""

from pathlib import Path

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.weights.arrays import Entry, Shape


def read_range(path: Path, start: int, dtype: np.dtype, shape: Shape) -> Entry:
    """The array whose bytes begin at offset `start`, in row-major order.

    It is read, not memory-mapped: if another process truncated a mapped file, the next access would
    kill this process.
    """
    native = dtype.newbyteorder("=")

    def read() -> np.ndarray:
        array = np.empty(shape, dtype)
        with path.open("rb") as stream:
            stream.seek(start)
            if stream.readinto(array.reshape(-1).view(np.uint8).data) < array.nbytes:
                raise FileError("the file is truncated: it ends before its arrays do")
        return array.astype(native, copy=False)

    return Entry(shape, native, read)
