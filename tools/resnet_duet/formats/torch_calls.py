"""The few functions that the pickle of a PyTorch file may call, computed here without PyTorch."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from resnet_duet.errors import FileError
from resnet_duet.formats.torch_tensor import STORAGES, Storage, Tensor

KIND = "a PyTorch checkpoint"
PYTHON_2 = "__builtin__"  # Python 2's name of the module `builtins`, in pickles of protocol 2
WHOLE_MODEL = (  # what to do with a file of `torch.save(model, ...)`
    "if torch.save(model, ...) wrote it: torch.save(model.state_dict(), ...) writes its weights,",
    "and resnet_duet.convert_module takes the model itself",
)
MOST_AXES = 8  # of a tensor
LARGEST = 2**48  # of its sizes and strides, in values


@dataclass(frozen=True)
class Name:
    """A function or class that the pickle names. Nothing is imported."""

    module: str
    word: str

    def __str__(self) -> str:
        return f"{self.module}.{self.word}"


def malformed(reason: str) -> FileError:
    """The error for a pickle that torch.save does not write."""
    return FileError(f"not {KIND}, or corrupted: its pickle has {reason}")


def named(module: Any, word: Any) -> Name:
    """The name, if it is one that a state_dict needs.

    Raises:
        FileError: any other name: the pickle would run code.
    """
    if not isinstance(module, str) or not isinstance(word, str):  # others may take forever to hash
        raise malformed("a name that is not a string")
    name = Name(module, word)
    if name in _FUNCTIONS or (module == "torch" and word in STORAGES):
        return name
    if module.startswith("__torch__"):
        raise FileError("this is a TorchScript program, not a checkpoint; save its state_dict()")
    summary = f"refused: its pickle would run code ({name})"
    if module.partition(".")[0] in (*sys.stdlib_module_names, PYTHON_2):
        raise FileError(summary)
    raise FileError(summary, WHOLE_MODEL)


def call(function: Any, arguments: Any) -> Any:
    """The result of one of the known functions.

    Raises:
        FileError: any other function, or arguments that it never gets.
    """
    if not isinstance(function, Name) or not isinstance(arguments, tuple):
        raise FileError("refused: its pickle would call an object that is not a function")
    if function not in _FUNCTIONS:
        raise FileError(f"refused: its pickle would call {function}")
    return _FUNCTIONS[function](arguments)


def storage_of(persistent_id: Any) -> Storage:
    """The storage of ("storage", its class, key, device, number of values, view or nothing)."""
    if not isinstance(persistent_id, tuple) or len(persistent_id) < 5:
        raise malformed("a storage without a key or a size")
    kind, cls, key, _device, size, *view = persistent_id
    if kind != "storage" or not isinstance(cls, Name) or cls.word not in STORAGES or any(view):
        raise malformed("a storage of an unknown kind")
    if not isinstance(key, str) or not _is_count(size):
        raise malformed("a storage without a key or a size")
    return Storage(key, STORAGES[cls.word], size)


def _tensor(arguments: tuple[Any, ...]) -> Tensor:
    """`_rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks)`."""
    if len(arguments) < 4:
        raise malformed("a tensor without a shape or a stride")
    storage, offset, shape, stride, *_ = arguments
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or len(shape) > MOST_AXES:
        raise malformed("a tensor without a storage or a shape")
    if not isinstance(stride, tuple) or len(shape) != len(stride):
        raise malformed("a tensor without a stride for each axis")
    if not all(map(_is_count, (offset, *shape, *stride))):
        raise malformed("a tensor with an invalid size, stride or offset")
    tensor = Tensor(storage, offset, shape, stride)
    if max(prod(shape), offset + tensor.reach) > storage.size:
        raise FileError(f"a tensor of shape {shape} is larger than its storage")
    return tensor


def _first(arguments: tuple[Any, ...]) -> Any:
    """`_rebuild_parameter(tensor, requires_grad, hooks)`, `Size(shape)`: the first argument."""
    if not arguments:
        raise malformed("a call without arguments")
    return arguments[0]


def _empty_dict(_arguments: tuple[Any, ...]) -> dict[str, Any]:
    """`OrderedDict()`: the pickle adds the items later."""
    return {}


def _scalar(_arguments: tuple[Any, ...]) -> None:
    """A scalar of NumPy, such as the best accuracy so far: no network needs it."""


_FUNCTIONS: dict[Name, Callable[[tuple[Any, ...]], Any]] = {
    Name("torch._utils", "_rebuild_tensor"): _tensor,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _first,
    Name("torch", "Size"): _first,
    Name("collections", "OrderedDict"): _empty_dict,
    Name("numpy", "dtype"): _scalar,
    Name("numpy.core.multiarray", "scalar"): _scalar,
    Name("numpy._core.multiarray", "scalar"): _scalar,
    Name("_codecs", "encode"): _scalar,
}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST
