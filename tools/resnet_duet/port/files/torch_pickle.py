"""The pickle inside a PyTorch file, read and written without PyTorch and without running it.

A pickle is a program for a small stack machine, and Python's own machine may be told to call any
function. This one knows the instructions that tensors in plain containers need, and no others: it
cannot call anything, it only notes that a tensor is to be made of a stretch of a storage.
"""

import pickle
import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import Any, BinaryIO

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.port.unwrap import descend

STORAGES = {  # the classes of torch's storages, and the precision of each
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
MOST_AXES = 8  # of a tensor
MOST_STEPS = 2**23  # of a pickle; the deepest network's has a hundred thousand
LARGEST_KEY = 2**60  # numbers beyond it hash alike, and many such keys take forever


@dataclass(frozen=True)
class Storage:
    """Numbers of one precision, kept in the record `data/<key>` of the archive."""

    key: str
    dtype: str
    size: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage.

    Attributes:
        offset, stride: counted in numbers, not bytes.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def reach(self) -> int:
        """How many numbers there are from its first to its last."""
        steps = ((n - 1) * step for n, step in zip(self.shape, self.stride, strict=True))
        return 1 + sum(steps) if prod(self.shape) else 0


@dataclass(frozen=True)
class Name:
    """A function or class that the pickle names; nothing is imported."""

    module: str
    word: str

    def __str__(self) -> str:
        return f"{self.module}.{self.word}"


def load(stream: BinaryIO) -> Any:
    """The object of the pickle that begins here: `Tensor`s in dicts, lists and tuples.

    Raises:
        FileError: the pickle wants to call something else, or is none.
    """
    return load_with_storages(stream)[0]


def load_with_storages(stream: BinaryIO) -> tuple[Any, dict[str, Storage]]:
    """The same, and {key: storage} of all that it speaks of."""
    machine = _Machine()
    try:
        for opcode, argument, _ in islice(pickletools.genops(stream), MOST_STEPS):
            if opcode.name == "STOP":
                return machine.pop(), machine.storages
            machine.step(opcode.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        if isinstance(error, FileError):
            raise
        raise FileError(f"it is damaged, or no file of PyTorch's ({error})") from None
    raise FileError(f"its pickle does not end in {MOST_STEPS:,} instructions")


def state_of(tree: Any) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The tensors of the innermost state_dict, and the names of all that is left out.

    Raises:
        FileError: see `descend`.
    """
    state, left_out = descend(tree)
    tensors = {str(name): value for name, value in state.items() if isinstance(value, Tensor)}
    others = (str(name) for name, value in state.items() if not isinstance(value, Tensor))
    return tensors, (*left_out, *others)


class _Machine:
    """A stack, the stacks below it that wait for a MARK, and the memo."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.waiting: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}

    def pop(self) -> Any:
        return self.stack.pop()

    def since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.waiting.pop()
        return items

    def step(self, name: str, argument: Any) -> None:
        """Run one instruction."""
        match name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                self.waiting.append(self.stack)
                self.stack = []
            case "NONE":
                self.stack.append(None)
            case "NEWTRUE" | "NEWFALSE":
                self.stack.append(name == "NEWTRUE")
            case _ if name in _CONSTANTS:
                self.stack.append(argument)
            case "EMPTY_DICT":
                self.stack.append({})
            case "EMPTY_LIST":
                self.stack.append([])
            case "EMPTY_TUPLE":
                self.stack.append(())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(name[-1])
                self.stack[-count:] = [tuple(self.stack[-count:])]
            case "TUPLE":
                items = tuple(self.since_mark())
                self.stack.append(items)
            case "APPEND":
                item = self.pop()
                self.stack[-1].append(item)
            case "APPENDS":
                more = self.since_mark()
                self.stack[-1].extend(more)
            case "SETITEM":
                value, key = self.pop(), self.pop()
                self._set([key, value])
            case "SETITEMS":
                pairs = self.since_mark()
                self._set(pairs)
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = self.stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "BINGET" | "LONG_BINGET":
                self.stack.append(self.memo[argument])
            case "GLOBAL":
                self.stack.append(_named(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                word, module = self.pop(), self.pop()
                self.stack.append(_named(module, word))
            case "BINPERSID":
                storage = _storage(self.pop())
                self.stack.append(self.storages.setdefault(storage.key, storage))
            case "REDUCE":
                arguments, function = self.pop(), self.pop()
                self.stack.append(_call(function, arguments))
            case "BUILD":
                self._build(self.pop())
            case _:
                raise FileError(f"refused, since its pickle holds more than data (it says {name})")

    def _set(self, pairs: list[Any]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise ValueError("an item for what is no dict")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, (str, int, float)):  # nested tuples may take forever to hash
                raise FileError(f"a key of its pickle is a {type(key).__name__}, not a word")
            if isinstance(key, int) and abs(key) > LARGEST_KEY:
                raise FileError("a key of its pickle is a number beyond all bounds")
            target[key] = value

    def _build(self, _state: Any) -> None:
        """A state_dict carries the versions of its modules, a dtype its byte order: unread."""
        if not isinstance(self.stack[-1], (dict, type(None))):
            raise FileError("refused, since its pickle holds more than data (it says BUILD)")


_CONSTANTS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "INT", "LONG", "BINFLOAT", "FLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "UNICODE", "BINSTRING", "SHORT_BINSTRING"),
    *("SHORT_BINBYTES", "BINBYTES"),
}


def _named(module: Any, word: Any) -> Name:
    if not isinstance(module, str) or not isinstance(word, str):  # see `_set`
        raise ValueError("a name that is no word")
    name = Name(module, word)
    if name in _FUNCTIONS or (module == "torch" and word in STORAGES):
        return name
    if module.startswith("__torch__"):
        raise FileError("it is a TorchScript program; save its state_dict()")
    raise FileError(f"refused, since its pickle wants to run code ({name})")


def _call(function: Any, arguments: Any) -> Any:
    """What the function would make of the arguments, for the few functions that are known."""
    if not isinstance(function, Name) or not isinstance(arguments, tuple):
        raise FileError("refused, since its pickle wants to call what is no function")
    if function not in _FUNCTIONS:
        raise FileError(f"refused, since its pickle wants to call {function}")
    return _FUNCTIONS[function](*arguments)


def _storage(persistent_id: Any) -> Storage:
    kind, storage_type, key, _location, size, *view = persistent_id
    if kind != "storage" or not isinstance(storage_type, Name) or any(view):
        raise ValueError("a storage of an unknown kind")
    if not isinstance(key, str) or not _is_count(size):
        raise ValueError("a storage without a key or a size")
    return Storage(key, STORAGES[storage_type.word], size)


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_hooks: Any) -> Tensor:
    if not isinstance(storage, Storage) or not isinstance(shape, tuple) or len(shape) > MOST_AXES:
        raise ValueError("a tensor without a storage or a shape")
    if len(shape) != len(stride) or not all(map(_is_count, (offset, *shape, *stride))):
        raise ValueError("a tensor whose sizes are no numbers")
    tensor = Tensor(storage, offset, shape, tuple(stride))
    if max(prod(shape), offset + tensor.reach) > storage.size:
        raise FileError(f"a tensor of shape {shape} is bigger than its storage")
    return tensor


def _parameter(tensor: Any, *_hooks: Any) -> Any:
    return tensor


def _empty_dict() -> dict[str, Any]:
    return {}


def _size(shape: Any) -> Any:
    return shape


def _number(*_parts: Any) -> None:
    """A number of NumPy's, such as the best accuracy so far: no network reads it."""


_FUNCTIONS: dict[Name, Callable[..., Any]] = {
    Name("torch._utils", "_rebuild_tensor"): _tensor,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
    Name("torch", "Size"): _size,
    Name("collections", "OrderedDict"): _empty_dict,
    Name("numpy", "dtype"): _number,
    Name("numpy.core.multiarray", "scalar"): _number,
    Name("numpy._core.multiarray", "scalar"): _number,
    Name("_codecs", "encode"): _number,
}


def strided(numbers: np.ndarray, tensor: Tensor) -> np.ndarray:
    """The tensor, from all numbers of its storage."""
    steps = [step * numbers.itemsize for step in tensor.stride]
    return np.lib.stride_tricks.as_strided(numbers[tensor.offset :], tensor.shape, steps)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def dumps(tensors: Mapping[str, Tensor]) -> bytes:
    """The pickle of a state_dict, as `torch.save` would write it: {name: tensor}."""
    items = b"".join(_word(name) + _rebuild(tensor) for name, tensor in tensors.items())
    return pickle.PROTO + b"\x02" + pickle.EMPTY_DICT + pickle.MARK + items + pickle.SETITEMS + b"."


def _rebuild(tensor: Tensor) -> bytes:
    """`_rebuild_tensor_v2(storage, offset, shape, stride, requires_grad, hooks)`."""
    words = {dtype: word for word, dtype in STORAGES.items()}
    storage = _tuple(
        _word("storage"),
        _name("torch", words[tensor.storage.dtype]),
        _word(tensor.storage.key),
        _word("cpu"),
        _int(tensor.storage.size),
    )
    hooks = _name("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    arguments = _tuple(
        storage + pickle.BINPERSID,
        _int(tensor.offset),
        _tuple(*map(_int, tensor.shape)),
        _tuple(*map(_int, tensor.stride)),
        pickle.NEWFALSE,
        hooks,
    )
    return _name("torch._utils", "_rebuild_tensor_v2") + arguments + pickle.REDUCE


def _word(text: str) -> bytes:
    encoded = text.encode()
    return pickle.BINUNICODE + len(encoded).to_bytes(4, "little") + encoded


def _int(number: int) -> bytes:
    length = number.bit_length() // 8 + 1
    return pickle.LONG1 + bytes([length]) + number.to_bytes(length, "little", signed=True)


def _name(module: str, word: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{word}\n".encode()


def _tuple(*items: bytes) -> bytes:
    return pickle.MARK + b"".join(items) + pickle.TUPLE
