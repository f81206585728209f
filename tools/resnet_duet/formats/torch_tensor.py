"""Tensors and storages of a PyTorch file: what its pickle describes and its bytes contain."""

from dataclasses import dataclass
from math import prod

import numpy as np

STORAGES = {  # {class of a torch storage: its precision}
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "ShortStorage": "int16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "BoolStorage": "bool",
}


@dataclass(frozen=True)
class Storage:
    """Values of one precision, stored in the record `data/<key>` of the archive.

    Attributes:
        size: number of values.
    """

    key: str
    dtype: str
    size: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage.

    Attributes:
        offset, stride: counted in values, not bytes.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def reach(self) -> int:
        """Number of values of the storage from the tensor's first to its last."""
        steps = ((n - 1) * step for n, step in zip(self.shape, self.stride, strict=True))
        return 1 + sum(steps) if prod(self.shape) else 0


def strided(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    """The tensor, as a view of all values of its storage."""
    steps = [step * values.itemsize for step in tensor.stride]
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, steps)
