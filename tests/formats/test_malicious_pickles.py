"""Pickles that would run code, exhaust memory, or never end; in both formats of PyTorch."""

import io
import os
import pickle
import pickletools
import struct
import zipfile
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_duet.errors import FileError
from resnet_duet.formats.torch_pickle import load
from support.sandbox import assert_harmless, assert_readable, judged

BYTES = bytes(range(16))  # of the one storage, four numbers


def word(text):
    encoded = text.encode("utf-8", "surrogatepass")
    return pickle.BINUNICODE + len(encoded).to_bytes(4, "little") + encoded


def number(value):
    length = value.bit_length() // 8 + 1
    return pickle.LONG1 + bytes([length]) + value.to_bytes(length, "little", signed=True)


def name(module, function):
    return pickle.GLOBAL + f"{module}\n{function}\n".encode()


def tuple_of(*items):
    return pickle.MARK + b"".join(items) + pickle.TUPLE


def dict_of(*keys_and_values):
    return pickle.EMPTY_DICT + pickle.MARK + b"".join(keys_and_values) + pickle.SETITEMS


FOUR, FIRST = number(4), number(0)
STORAGE_KEY = word("0")


def storage(key=STORAGE_KEY, kind="FloatStorage", size=FOUR):
    parts = (word("storage"), name("torch", kind), key, word("cpu"), size)
    return tuple_of(*parts) + pickle.BINPERSID


def tensor(*, of=None, offset=FIRST, shape=(4,), stride=(1,)):
    shape, stride = (
        given if isinstance(given, bytes) else tuple_of(*map(number, given))
        for given in (shape, stride)
    )
    hooks = name("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
    arguments = tuple_of(of or storage(), offset, shape, stride, pickle.NEWFALSE, hooks)
    return name("torch._utils", "_rebuild_tensor_v2") + arguments + pickle.REDUCE


def state(**parts):
    return dict_of(word("conv1.weight"), tensor(**parts))


def whole(program, protocol=2):
    return pickle.PROTO + bytes([protocol]) + program + pickle.STOP


def doubled(times):
    """A tuple of two tuples of two tuples ...: a small object that takes 2**times steps to walk."""
    twice = pickle.BINPUT + b"\1" + pickle.BINGET + b"\1" + pickle.TUPLE2
    return pickle.EMPTY_TUPLE + twice * times


def zipped(program):
    """The pickle in a file of `torch.save`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/data/0", BYTES)
    return stream.getvalue()


def bare(program):
    """The pickle in a file of PyTorch before 1.6."""
    facts = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    first = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, facts)]
    keys = pickle.dumps(["0"] if b"Storage" in program else [], 2)
    return b"".join((*first, program, keys, struct.pack("<q", 4), BYTES))


class Calls:
    """An object whose pickle is a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


MARKER = "/tmp/resnet-duet-harmed"
SHELL = Calls(os.system, f"touch {MARKER}")
CODE = f"open({MARKER!r}, 'w')"
EVIL = {
    "a shell at the top": SHELL,
    "a shell within a state_dict": {"state_dict": {"conv1.weight": SHELL}},
    "a shell deep in a skipped object": {"model": {}, "args": [({"a": (SHELL,)},)]},
    "eval": Calls(eval, CODE),
    "exec": {"state_dict": Calls(exec, CODE)},
    "getattr of a module": Calls(getattr, Calls(__import__, "os"), "system"),
    "a list that is extended by a shell": [1, SHELL, SHELL],
    "a lot of memory": Calls(bytearray, 10**12),
    "a lot of memory for a storage": {"a": Calls(bytes, 10**12)},
}


@pytest.mark.slow
@pytest.mark.parametrize("wrapped", [zipped, bare])
def test_a_pickle_that_would_call_anything_is_refused(wrapped):
    programs = [pickle.dumps(evil, protocol) for evil in EVIL.values() for protocol in range(6)]
    files = [wrapped(program) for program in programs]
    for file, outcome in zip(files, judged((("x.pth", f) for f in files), "read"), strict=True):
        assert_harmless(outcome, "x.pth", file)
        assert "refused: its pickle" in outcome.error
    assert not os.path.exists(MARKER)  # noqa: PTH110


INSTRUCTIONS = {
    "INST": pickle.MARK + word("true") + b"ios\nsystem\n",
    "OBJ": pickle.MARK + name("os", "system") + word("true") + pickle.OBJ,
    "NEWOBJ": name("os", "system") + tuple_of(word("true")) + pickle.NEWOBJ,
    "NEWOBJ_EX": name("os", "system") + tuple_of(word("true")) + b"}" + pickle.NEWOBJ_EX,
    "STACK_GLOBAL": word("posix") + word("system") + pickle.STACK_GLOBAL + tuple_of(word("true")),
    "EXT1": pickle.EXT1 + b"\1",
    "PERSID": pickle.PERSID + b"0\n",
    "a known name that is not a function": name("torch", "FloatStorage")
    + tuple_of()
    + pickle.REDUCE,
    "a call of a word": word("eval") + tuple_of(word("1")) + pickle.REDUCE,
    "BUILD of a storage": storage() + pickle.EMPTY_DICT + pickle.BUILD,
    "torch's own loader": name("torch.storage", "_load_from_bytes") + tuple_of() + pickle.REDUCE,
    "a TorchScript class": name("__torch__.models", "Net") + tuple_of() + pickle.REDUCE,
}


@pytest.mark.parametrize("wrapped", [zipped, bare])
def test_no_instruction_makes_a_call(wrapped):
    files = [wrapped(whole(program, 4)) for program in INSTRUCTIONS.values()]
    for file, outcome in zip(files, judged((("x.pth", f) for f in files), "read"), strict=True):
        assert_harmless(outcome, "x.pth", file)
        assert "refused: " in outcome.error or "TorchScript" in outcome.error


HUGE = (2**62).to_bytes(8, "little")
COLLIDING = [k * (2**61 - 1) + 5 for k in range(1, 50_000)]  # Python's hash of all is 5
HARMFUL = {
    "a key that takes forever to hash": dict_of(doubled(64), word("x")),
    "a name that takes forever to hash": doubled(64) + word("x") + pickle.STACK_GLOBAL,
    "a word of a module that takes forever": word("x") + doubled(64) + pickle.STACK_GLOBAL,
    "a storage's key that takes forever": state(of=storage(key=doubled(64))),
    "a storage's size that takes forever": state(of=storage(size=doubled(64))),
    "a storage that takes forever to print": doubled(64) + pickle.BINPERSID,
    "shapes that take forever": state(shape=doubled(64), stride=doubled(64)),
    "a function that takes forever": doubled(64) + tuple_of() + pickle.REDUCE,
    "a top that takes forever to print": doubled(64),
    "keys with equal hashes": dict_of(*(number(key) + b"N" for key in COLLIDING)),
    "a memo of numbers with equal hashes": b"N" + b"".join(b"p%d\n" % key for key in COLLIDING),
    "bytes beyond the file": pickle.BINBYTES8 + HUGE,
    "a bytearray beyond the file": pickle.BYTEARRAY8 + HUGE,
    "a word beyond the file": pickle.BINUNICODE + b"\xff\xff\xff\xff" + b"x",
    "a long word beyond the file": pickle.BINUNICODE8 + HUGE,
    "a number of two gigabytes": pickle.LONG4 + (2**31 - 1).to_bytes(4, "little"),
    "a number of a negative length": pickle.LONG4 + b"\xff\xff\xff\xff",
    "digits without end": pickle.LONG + b"9" * 100_000 + b"L\n",
    "a frame beyond the file": pickle.FRAME + HUGE + pickle.EMPTY_DICT,
    "lists in lists": pickle.EMPTY_LIST * 100_000 + pickle.APPEND * 99_999,
    "tuples in tuples": pickle.EMPTY_TUPLE + pickle.TUPLE1 * 100_000,
    "state_dicts in state_dicts": (b"}" + word("model")) * 20_000 + b"}" + b"s" * 20_000,
    "marks without an end": pickle.MARK * 100_000,
    "a mark that is missing": pickle.TUPLE,
    "a list that contains itself": b"]q\1h\1a",
    "a state_dict that contains itself": b"}q\1" + word("state_dict") + b"h\1s",
    "a tensor bigger than its storage": state(shape=(5,)),
    "a tensor beyond its storage": state(offset=number(1)),
    "a tensor before its storage": state(offset=number(-1)),
    "a step backwards": state(stride=(-1,)),
    "a step beyond": state(shape=(2, 2), stride=(3, 1)),
    "one value a billion times": state(shape=(10**6, 10**3), stride=(0, 0)),
    "a shape of 2**124": state(shape=(2**62, 2**62)),
    "a shape of nothing and of 2**70": state(shape=(0, 2**70), stride=(1, 1)),
    "a shape of a hundred axes": state(shape=(1,) * 100, stride=(1,) * 100),
    "a shape of floats": state(shape=tuple_of(pickle.BINFLOAT + struct.pack(">d", 4.0))),
    "a shape of a boolean": state(shape=tuple_of(pickle.NEWTRUE)),
    "a shape that is a word": state(shape=word("abcd"), stride=word("abcd")),
    "a stride that is a word": state(stride=word("a")),
    "a storage of 2**62 numbers": state(of=storage(size=number(2**62))),
    "a storage of 2**2000 numbers": state(of=storage(size=number(2**2000))),
    "a storage of -4 numbers": state(of=storage(size=number(-4))),
    "a storage of an unknown kind": state(of=storage(kind="Size")),
    "a storage out of the archive": state(of=storage(key=word("../../../../etc/passwd"))),
    "a storage at the root": state(of=storage(key=word("/etc/passwd"))),
    "a storage of several lines": state(of=storage(key=word("9\n9"))),
    "a name of several lines": dict_of(word("conv1\n\x1b[31m"), tensor()),
    "a name of half a character": dict_of(word("conv1\udc80"), tensor()),
    "a name of a megabyte": dict_of(word("module." * 150_000), tensor()),
    "a state_dict of nothing": pickle.EMPTY_DICT,
    "nothing": b"",
    "no state_dict": pickle.NONE,
}


@pytest.mark.slow
@pytest.mark.parametrize("wrapped", [zipped, bare])
def test_a_harmful_pickle_gives_a_clear_error(wrapped):
    files = [wrapped(whole(program, 5)) for program in HARMFUL.values()]
    outcomes = judged((("x.pth", file) for file in files), "read")
    for what, file, outcome in zip(HARMFUL, files, outcomes, strict=True):
        assert_harmless(outcome, "x.pth", file)
        assert outcome.error is not None, what


HARMLESS = {
    "plain": state(),
    "a frame longer than the file": pickle.FRAME + HUGE + state(),
    "a memo of far places": b"Nr\xff\xff\xff\xff" + state(),
    "one value four times": state(stride=(0,)),
    "backwards by columns": state(shape=(2, 2), stride=(1, 2)),
    "the same storage in a thousand tensors": dict_of(
        *(word(f"{n}") + tensor() for n in range(1000))
    ),
}


@pytest.mark.parametrize("wrapped", [zipped, bare])
def test_an_unusual_pickle_without_harm_is_read(wrapped):
    files = [wrapped(whole(program, 4)) for program in HARMLESS.values()]
    outcomes = judged((("x.pth", file) for file in files), "read")
    for what, file, outcome in zip(HARMLESS, files, outcomes, strict=True):
        assert_harmless(outcome, "x.pth", file)
        assert outcome.error is None, what
    assert outcomes[0].result == {"conv1.weight": ("<f4", (4,), BYTES)}


@pytest.mark.slow
@pytest.mark.parametrize("program", [b"(" + b"}" * 2_000_000 + b"t", b"N" + b"\x94" * 2_000_000])
def test_a_pickle_of_a_million_objects_stays_within_the_memory_limit(program):
    file = zipped(whole(program, 4))
    (outcome,) = judged([("x.pth", file)], "read")
    assert_harmless(outcome, "x.pth", file)
    assert outcome.memory < 2**26 + 150 * len(file)
    assert outcome.error is not None


def test_a_pickle_of_too_many_instructions_is_refused(monkeypatch):
    monkeypatch.setattr("resnet_duet.formats.torch_pickle.MOST_STEPS", 1000)
    load(io.BytesIO(whole(b"(" + b"N" * 900 + b"t")))
    with pytest.raises(FileError, match="does not end within 1,000 instructions"):
        load(io.BytesIO(whole(b"(" + b"N" * 1100 + b"t")))


def operation(opcode):
    """Examples of an instruction with its argument."""
    code = opcode.code.encode("latin-1")
    if opcode.arg is None:
        return st.just(code)
    size = opcode.arg.n
    if size >= 0:
        return st.binary(min_size=size, max_size=size).map(partial(bytes.__add__, code))
    widths = {pickletools.TAKEN_FROM_ARGUMENT1: 1, pickletools.TAKEN_FROM_ARGUMENT4: 4}
    widths |= {pickletools.TAKEN_FROM_ARGUMENT4U: 4, pickletools.TAKEN_FROM_ARGUMENT8U: 8}
    if size in widths:
        return st.binary(max_size=9).map(
            lambda text: code + len(text).to_bytes(widths[size], "little") + text
        )
    return st.sampled_from([b"1\n", b"os\nsystem\n", b"'x'\n", b"1.5\n"]).map(
        partial(bytes.__add__, code)
    )


PIECES = st.one_of(
    st.sampled_from(pickletools.opcodes).flatmap(operation),
    st.sampled_from([state(), tensor(), storage(), word("state_dict"), number(7), b"q\1", b"h\1"]),
)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_any_program_of_the_machine_gives_data_or_an_error(program):
    try:
        found = load(io.BytesIO(whole(program)))
    except FileError as error:
        assert_readable(str(error))
    else:
        assert not callable(found)
