"""Arrays that lie in a file as plain bytes."""

from pathlib import Path

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.port.arrays import Entry, Shape


def stretch(path: Path, start: int, dtype: np.dtype, shape: Shape) -> Entry:
    """The array whose bytes begin at `start`, row by row.

    It is not mapped: a file that is cut short meanwhile would take this process with it.
    """
    native = dtype.newbyteorder("=")

    def read() -> np.ndarray:
        array = np.empty(shape, dtype)
        with path.open("rb") as stream:
            stream.seek(start)
            if stream.readinto(array.reshape(-1).view(np.uint8).data) < array.nbytes:
                raise FileError("it ends before its arrays do")
        return array.astype(native, copy=False)

    return Entry(shape, native, read)
