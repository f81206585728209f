"""Writes the pickle of a state_dict as `torch.save` does, without PyTorch."""

import pickle
from collections.abc import Mapping

from resnet_duet.formats.torch_tensor import STORAGES, Tensor


def dumps(tensors: Mapping[str, Tensor]) -> bytes:
    """The pickle of {name: tensor}."""
    items = b"".join(_string(name) + _rebuild(tensor) for name, tensor in tensors.items())
    return pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + pickle.MARK + items + pickle.SETITEMS + b"."


def _rebuild(tensor: Tensor) -> bytes:
    """`_rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks)`."""
    classes = {dtype: cls for cls, dtype in STORAGES.items()}
    storage = _tuple(
        _string("storage"),
        _name("torch", classes[tensor.storage.dtype]),
        _string(tensor.storage.key),
        _string("cpu"),
        _integer(tensor.storage.size),
    )
    hooks = _name("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    arguments = _tuple(
        storage + pickle.BINPERSID,
        _integer(tensor.offset),
        _tuple(*map(_integer, tensor.shape)),
        _tuple(*map(_integer, tensor.stride)),
        pickle.NEWFALSE,
        hooks,
    )
    return _name("torch._utils", "_rebuild_tensor_v2") + arguments + pickle.REDUCE


def _string(text: str) -> bytes:
    encoded = text.encode()
    return pickle.BINUNICODE + len(encoded).to_bytes(4, "little") + encoded


def _integer(number: int) -> bytes:
    length = number.bit_length() // 8 + 1
    return pickle.LONG1 + bytes([length]) + number.to_bytes(length, "little", signed=True)


def _name(module: str, word: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{word}\n".encode()


def _tuple(*items: bytes) -> bytes:
    return pickle.MARK + b"".join(items) + pickle.TUPLE
