"""Reads the pickle in a PyTorch file, without PyTorch and without running it.

A pickle is a program for a small stack machine. In Python's own machine it can call any function.
This one knows only the instructions that tensors in plain containers need. It calls nothing that
the pickle names; for a tensor it records which part of which storage it is.

`pickle.Unpickler` with its own `find_class` would restrict the calls as well, but neither time nor
memory: a short pickle can nest tuples that take forever to hash, or ask for terabytes.
"""

import pickletools
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from resnet_duet.errors import FileError
from resnet_duet.formats.damage import corrupted
from resnet_duet.formats.torch_calls import KIND, call, malformed, named, storage_of
from resnet_duet.formats.torch_tensor import Storage, Tensor
from resnet_duet.formats.unwrap import descend

MOST_STEPS = 2**23  # instructions of a pickle; the deepest network's has a hundred thousand
LARGEST_KEY = 2**60  # larger integers can have equal hashes, and many such keys take forever

# pickletools' errors on malformed instructions. MemoryError: an argument longer than the file.
PICKLE_ERRORS = (ValueError, OverflowError, MemoryError)


def load(stream: BinaryIO) -> Any:
    """The object of the pickle that begins here: `Tensor`s in dicts, lists and tuples.

    Raises:
        FileError: not a pickle, or one that would call something else.
    """
    return load_with_storages(stream)[0]


def load_with_storages(stream: BinaryIO) -> tuple[Any, dict[str, Storage]]:
    """The object of the pickle, and {key: storage} of every storage that it mentions."""
    machine = _Machine()
    for name, argument in islice(_instructions(stream), MOST_STEPS):
        if name == "STOP":
            return machine.pop(), machine.storages
        machine.step(name, argument)
    raise FileError(f"its pickle does not end within {MOST_STEPS:,} instructions")


def state_of(tree: Any) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The tensors of the innermost state_dict, and the names of everything else.

    Raises:
        FileError: see `descend`.
    """
    state, skipped = descend(tree)
    tensors = {str(name): value for name, value in state.items() if isinstance(value, Tensor)}
    others = (str(name) for name, value in state.items() if not isinstance(value, Tensor))
    return tensors, (*skipped, *others)


def _instructions(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    """(name, argument) of each instruction."""
    with corrupted(KIND, *PICKLE_ERRORS):
        for opcode, argument, _ in pickletools.genops(stream):
            yield opcode.name, argument


class _Machine:
    """The stack, the stacks below it that wait for a MARK to be closed, and the memo."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.waiting: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}

    def pop(self) -> Any:
        """Remove the top of the stack."""
        self.top(object)
        return self.stack.pop()

    def top(self, kind: type) -> Any:
        """The top of the stack, which must be of this type."""
        if not self.stack:
            raise malformed("too few objects on its stack")
        if not isinstance(self.stack[-1], kind):
            raise malformed(f"no {kind.__name__} to add an item to")
        return self.stack[-1]

    def since_mark(self) -> list[Any]:
        """Remove everything above the last MARK."""
        if not self.waiting:
            raise malformed("no MARK for the end of a list")
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
                items = [self.pop() for _ in range(int(name[-1]))]
                self.stack.append(tuple(reversed(items)))
            case "TUPLE":
                items = self.since_mark()
                self.stack.append(tuple(items))
            case "APPEND":
                item = self.pop()
                self.top(list).append(item)
            case "APPENDS":
                more = self.since_mark()
                self.top(list).extend(more)
            case "SETITEM":
                value, key = self.pop(), self.pop()
                self.set_items([key, value])
            case "SETITEMS":
                pairs = self.since_mark()
                self.set_items(pairs)
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = self.top(object)
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.top(object)
            case "BINGET" | "LONG_BINGET":
                if argument not in self.memo:
                    raise malformed("a reference to an object that it never stored")
                self.stack.append(self.memo[argument])
            case "GLOBAL":
                module, _, word = argument.partition(" ")
                self.stack.append(named(module, word))
            case "STACK_GLOBAL":
                word, module = self.pop(), self.pop()
                self.stack.append(named(module, word))
            case "BINPERSID":
                storage = storage_of(self.pop())
                self.stack.append(self.storages.setdefault(storage.key, storage))
            case "REDUCE":
                arguments, function = self.pop(), self.pop()
                self.stack.append(call(function, arguments))
            case "BUILD":
                self.pop()
                self.skip_build()
            case _:
                raise FileError(f"refused: its pickle contains more than data ({name})")

    def set_items(self, pairs: list[Any]) -> None:
        """Set the items of the dict on top of the stack, given as key, value, key, value, ..."""
        target = self.top(dict)
        if len(pairs) % 2:
            raise malformed("a key without a value")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, (str, int, float)):  # nested tuples may take forever to hash
                raise FileError(f"a key of its pickle is a {type(key).__name__}, not a string")
            if isinstance(key, int) and abs(key) > LARGEST_KEY:
                raise FileError(f"a key of its pickle is an integer beyond {LARGEST_KEY:,}")
            target[key] = value

    def skip_build(self) -> None:
        """Ignore an object's state: the module versions of a state_dict, a dtype's byte order."""
        if not isinstance(self.top(object), (dict, type(None))):
            raise FileError("refused: its pickle contains more than data (BUILD)")


_CONSTANTS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "INT", "LONG", "BINFLOAT", "FLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "UNICODE", "BINSTRING", "SHORT_BINSTRING"),
    *("SHORT_BINBYTES", "BINBYTES"),
}
