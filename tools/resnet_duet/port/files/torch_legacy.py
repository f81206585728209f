"""PyTorch's format before 1.6: five pickles one after another, then the tensors' bytes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from resnet_duet.errors import FileError
from resnet_duet.port.arrays import Arrays, Entry, named_dtype
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.files.raw import stretch
from resnet_duet.port.files.torch_pickle import (
    Storage,
    Tensor,
    load,
    load_with_storages,
    state_of,
    strided,
)

MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle
PROTOCOL = 1001  # the second


def read(path: Path) -> Checkpoint:
    """The tensors of the innermost state_dict."""
    with path.open("rb") as stream:
        if (load(stream), load(stream)) != (MAGIC, PROTOCOL):
            raise FileError("it is a pickle, but none that torch.save wrote")
        machine = load(stream)
        if not isinstance(machine, dict) or not machine.get("little_endian"):
            raise FileError("its numbers are big-endian; save it again on a little-endian machine")
        tree, storages = load_with_storages(stream)
        starts = _starts(path, stream, load(stream), storages)
    state, left_out = state_of(tree)
    entries = {name: _entry(path, starts, tensor) for name, tensor in state.items()}
    return Checkpoint(Arrays(entries), None, left_out)


def _starts(
    path: Path, stream: BinaryIO, keys: Any, storages: Mapping[str, Storage]
) -> dict[str, int]:
    """{key of a storage: where its numbers begin}; each follows its count of numbers."""
    starts, start, size = {}, stream.tell(), path.stat().st_size
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise FileError("it lists its storages by what are no words")
    if set(keys) != set(storages):
        raise FileError("it lists other storages than those that its tensors lie in")
    for key in keys:
        stream.seek(start)
        count = int.from_bytes(stream.read(8), "little")
        starts[key], storage = start + 8, storages[key]
        start += 8 + count * named_dtype(storage.dtype).itemsize
        if count != storage.size or start > size:
            raise FileError(f"it ends before its arrays do, or storage {key} is of another size")
    return starts


def _entry(path: Path, starts: Mapping[str, int], tensor: Tensor) -> Entry:
    dtype = named_dtype(tensor.storage.dtype)
    start = starts[tensor.storage.key] + tensor.offset * dtype.itemsize
    numbers = stretch(path, start, dtype, (tensor.reach,))  # of a storage that many may share
    own = replace(tensor, offset=0)
    return Entry(tensor.shape, dtype, lambda: strided(numbers.read(), own))
