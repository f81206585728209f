"""Arrays that stay where they are until they are asked for, so that no file is in memory whole."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """One array that is not read yet.

    Attributes:
        shape, dtype: known beforehand. bfloat16 is `ml_dtypes.bfloat16`.
        read: gives the array; every call reads anew, and nothing is kept.
    """

    shape: Shape
    dtype: np.dtype
    read: Callable[[], np.ndarray]

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.dtype.itemsize


class Arrays(Mapping[str, np.ndarray]):
    """{name: array}, each read when it is asked for; names, shapes and precisions cost nothing."""

    def __init__(self, entries: Mapping[str, Entry]):
        self.entries = dict(entries)

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "Arrays":
        """The same mapping, whether its arrays are in memory already or not."""
        if isinstance(arrays, Arrays):
            return arrays
        return cls({name: _in_memory(np.asarray(array)) for name, array in arrays.items()})

    def __getitem__(self, name: str) -> np.ndarray:
        return self.entries[name].read()

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def shapes(self) -> dict[str, Shape]:
        return {name: entry.shape for name, entry in self.entries.items()}

    @property
    def dtypes(self) -> set[np.dtype]:
        return {entry.dtype for entry in self.entries.values()}

    @property
    def nbytes(self) -> int:
        """Of all of them, once they are read."""
        return sum(entry.nbytes for entry in self.entries.values())

    def subset(self, names: Mapping[str, str]) -> "Arrays":
        """Some of the arrays under other names: {new name: name here}."""
        return Arrays({new: self.entries[old] for new, old in names.items()})


def _in_memory(array: np.ndarray) -> Entry:
    return Entry(array.shape, array.dtype, lambda: array)


def is_number(dtype: np.dtype) -> bool:
    """Whether weights come in this precision: of the floating ones, those that formats have."""
    return dtype.name in ("bfloat16", "float16", "float32", "float64")


def named_dtype(name: str) -> np.dtype:
    """The dtype of this name, also "bfloat16", which NumPy itself does not have."""
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)
