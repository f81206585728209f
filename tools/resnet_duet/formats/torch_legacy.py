"""PyTorch's format before 1.6: five pickles one after another, then the tensors' bytes."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.raw import read_range
from resnet_duet.formats.torch_pickle import load, load_with_storages, state_of
from resnet_duet.formats.torch_tensor import Storage, Tensor, strided
from resnet_duet.weights.arrays import Arrays, Entry, named_dtype

MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle
PROTOCOL = 1001  # the second


def read(path: Path) -> Checkpoint:
    """The tensors of the innermost state_dict."""
    with path.open("rb") as stream:
        if (load(stream), load(stream)) != (MAGIC, PROTOCOL):
            raise FileError("not a PyTorch checkpoint: torch.save did not write this pickle")
        machine = load(stream)
        if not isinstance(machine, dict) or not machine.get("little_endian"):
            raise FileError("its values are big-endian; save it again on a little-endian machine")
        tree, storages = load_with_storages(stream)
        starts = _starts(path, stream, load(stream), storages)
    state, skipped = state_of(tree)
    entries = {name: _entry(path, starts, tensor) for name, tensor in state.items()}
    return Checkpoint(Arrays(entries), None, skipped)


def _starts(
    path: Path, stream: BinaryIO, keys: Any, storages: Mapping[str, Storage]
) -> dict[str, int]:
    """{key of a storage: offset of its values}. The number of values precedes them."""
    starts, start, size = {}, stream.tell(), path.stat().st_size
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise FileError("not a PyTorch checkpoint, or corrupted: keys of storages are not strings")
    if set(keys) != set(storages):
        raise FileError("not a PyTorch checkpoint, or corrupted: its tensors use other storages")
    for key in keys:
        stream.seek(start)
        count = int.from_bytes(stream.read(8), "little")
        starts[key], storage = start + 8, storages[key]
        start += 8 + count * named_dtype(storage.dtype).itemsize
        if count != storage.size or start > size:
            raise FileError(f"the file is truncated, or storage {key} has another size")
    return starts


def _entry(path: Path, starts: Mapping[str, int], tensor: Tensor) -> Entry:
    dtype = named_dtype(tensor.storage.dtype)
    start = starts[tensor.storage.key] + tensor.offset * dtype.itemsize
    values = read_range(path, start, dtype, (tensor.reach,))  # many tensors may share a storage
    from_zero = replace(tensor, offset=0)
    return Entry(tensor.shape, dtype, lambda: strided(values.read(), from_zero))
