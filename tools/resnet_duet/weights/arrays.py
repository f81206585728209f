"""Arrays that are read one by one when they are used, so that a file is never in memory whole."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Entry:
    """One array that is not read yet.

    Attributes:
        shape: of the array.
        dtype: of the array. bfloat16 is `ml_dtypes.bfloat16`.
        read: returns the array. Each call reads it again; nothing is kept.
    """

    shape: Shape
    dtype: np.dtype
    read: Callable[[], np.ndarray]

    @property
    def nbytes(self) -> int:
        """Size of the array in memory, in bytes."""
        return prod(self.shape) * self.dtype.itemsize


class Arrays(Mapping[str, np.ndarray]):
    """{name: array}, each read when it is used. Names, shapes and precisions need no reading."""

    def __init__(self, entries: Mapping[str, Entry]):
        self.entries = dict(entries)

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "Arrays":
        """The same mapping as `Arrays`; arrays in memory are not copied."""
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
        """{name: shape}."""
        return {name: entry.shape for name, entry in self.entries.items()}

    @property
    def dtypes(self) -> set[np.dtype]:
        """The precisions of the arrays."""
        return {entry.dtype for entry in self.entries.values()}

    @property
    def nbytes(self) -> int:
        """Size of all arrays in memory, in bytes."""
        return sum(entry.nbytes for entry in self.entries.values())

    def subset(self, names: Mapping[str, str]) -> "Arrays":
        """Some of the arrays under new names.

        Args:
            names: {new name: name of one of these arrays}.
        """
        return Arrays({new: self.entries[old] for new, old in names.items()})


def _in_memory(array: np.ndarray) -> Entry:
    return Entry(array.shape, array.dtype, lambda: array)


def is_number(dtype: np.dtype) -> bool:
    """Whether weights may have this dtype: bfloat16, float16, float32 or float64."""
    return dtype.name in ("bfloat16", "float16", "float32", "float64")


def named_dtype(name: str) -> np.dtype:
    """The dtype with this name, also "bfloat16", which NumPy itself does not have."""
    if name == "bfloat16":
        import ml_dtypes

        bfloat16: np.dtype = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    return np.dtype(name)
