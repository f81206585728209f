"""Hostile archives, headers and metadata: zip, .npz, .safetensors, .keras."""

import io
import json
import random
import struct
import zipfile

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from resnet_duet import convert, formats
from resnet_duet.cli import main
from resnet_duet.errors import FileError
from resnet_duet.metadata import LONGEST, METADATA_KEY, FileMetadata
from resnet_duet.weights.arrays import Arrays, named_dtype
from resnet_spec import ResNetError
from support.sandbox import assert_harmless, assert_readable, judged
from support.thin_files import METADATA, SPEC, layers, thin_file, weights

VALUES = bytes(range(16))


def assert_refused(name, cases, task="read"):
    """Every case gives a clear error."""
    outcomes = judged(((name, file) for file in cases.values()), task)
    for (what, file), outcome in zip(cases.items(), outcomes, strict=True):
        assert_harmless(outcome, name, file)
        assert outcome.error is not None, what


def assert_read(name, cases, expected):
    """Every case gives these arrays."""
    outcomes = judged(((name, file) for file in cases.values()), "read")
    for (what, file), outcome in zip(cases.items(), outcomes, strict=True):
        assert_harmless(outcome, name, file)
        assert outcome.result == expected, f"{what}: {outcome.error}"


def npy(descr="'<f4'", shape="(4,)", order="False", version=1, data=VALUES, text=None, length=None):
    """A .npy file with any header."""
    text = text or f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"
    length = len(text) if length is None else length
    size = length.to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + data


def archive(*members, method=zipfile.ZIP_STORED):
    """A zip of (name, content)."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return stream.getvalue()


def npz(**header):
    return archive(("a.npy", npy(**header)))


HEADERS = {
    "a shape of 10**12": npz(shape="(1000000000000,)"),
    "a shape of 4,000 digits": npz(shape=f"({'9' * 4000},)"),
    "a shape of 5,000 digits": npz(shape=f"({'9' * 5000},)"),
    "a shape below zero": npz(shape="(-1,)"),
    "a shape of nothing and of 2**70": npz(shape=f"(0, {2**70})", data=b""),
    "a shape of a hundred axes": npz(shape=f"({'1,' * 100})"),
    "a shape that is no tuple": npz(shape="4"),
    "a shape of a boolean": npz(shape="(True,)"),
    "two shapes that cancel out": archive(
        ("a.npy", npy(shape=f"({-(2**33)},)")), ("b.npy", npy(shape=f"({2**33},)"))
    ),
    "version 3": npz(version=3),
    "version 255": npz(version=255),
    "a header of four gigabytes": npz(version=2, length=2**32 - 1),
    "a header of no bytes": npz(length=0),
    "a header of code": npz(text="__import__('os').system('touch /tmp/resnet-duet-harmed')"),
    "brackets in brackets": npz(text="(" * 5000 + ")" * 5000),
    "nine thousand minus signs": npz(text="{'descr':" + "-" * 9000 + "1}"),
    "pickled objects": npz(descr="'|O'"),
    "pickled objects in a record": npz(descr="[('x', '|O')]"),
    "values of a gigabyte each": npz(descr="'|V1000000000'"),
    "values of no bytes": npz(descr="'|V0'", shape="(1000000000000,)"),
    "fields in fields": npz(descr="[('x', " * 1000 + "'<f4'" + ")]" * 1000),
    "an unknown precision": npz(descr="'<f3'"),
    "an order that is not a boolean": npz(order="5"),
    "fewer values than its shape": npz(data=VALUES[:-1]),
    "more values than its shape": npz(data=VALUES + b"\0"),
}


def test_a_hostile_header_of_npz_gives_a_clear_error():
    assert_refused("x.npz", HEADERS)


def field(file, signature, offset, layout, value):
    """The zip with another value in a field of the first record of this kind."""
    at = file.index(signature) + offset
    return file[:at] + struct.pack(layout, value) + file[at + struct.calcsize(layout) :]


PLAIN = npz()
ENTRY, END = b"PK\1\2", b"PK\5\6"  # records of the index, and after it
NOISE = random.Random(0).randbytes(2**20)


def overlapping(times):
    """An index whose entries all point to the same bytes."""
    names = [f"{number:04}.npy" for number in range(times)]
    whole = archive(*((name, npy(shape="(250000,)", data=NOISE[:1000000])) for name in names))
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        starts = [member.header_offset for member in file.infolist()] + [file.start_dir]
    first, index = whole[: starts[1]], bytearray(whole[starts[-1] :])
    at = -1
    while (at := index.find(ENTRY, at + 1)) >= 0:
        struct.pack_into("<I", index, at + 42, 0)
        index[at + 46 : at + 50] = b"0000"
    end = index.index(END)
    struct.pack_into("<I", index, end + 16, len(first))
    return first + bytes(index)


ARCHIVES = {
    "a bomb": archive(("a.npy", npy(shape="(25000000,)", data=bytes(10**8))), method=8),
    "a bomb in a member that is no array": archive(
        ("a.npy", npy()), ("b", bytes(10**8)), method=zipfile.ZIP_DEFLATED
    ),
    "a bomb of bzip2": archive(("a.npy", npy(data=bytes(10**6))), method=zipfile.ZIP_BZIP2),
    "a bomb of lzma": archive(("a.npy", npy(data=bytes(10**6))), method=zipfile.ZIP_LZMA),
    "a thousand members of the same bytes": overlapping(1000),
    "an encrypted member": field(PLAIN, ENTRY, 8, "<H", 1),
    "a member of an unknown method": field(PLAIN, ENTRY, 10, "<H", 99),
    "a member that claims to be compressed": field(PLAIN, ENTRY, 10, "<H", 8),
    "a member with a claimed size of 3 bytes": field(PLAIN, ENTRY, 24, "<I", 3),
    "a member with a claimed size of 2 gigabytes": field(PLAIN, ENTRY, 24, "<I", 2**31),
    "a member with a claimed compressed size of 0": field(PLAIN, ENTRY, 20, "<I", 0),
    "a 64-bit member without its sizes": field(PLAIN, ENTRY, 24, "<I", 2**32 - 1),
    "a member beyond the file": field(PLAIN, ENTRY, 42, "<I", 2**31),
    "an index of 2 gigabytes": field(PLAIN, END, 12, "<I", 2**31),
    "an index beyond the file": field(PLAIN, END, 16, "<I", 2**31),
    "a 64-bit index that is missing": field(PLAIN, END, 16, "<I", 2**32 - 1),
    "a folder": archive(("a/", b"")),
    "a member that is not an array": archive(("a.npy", npy()), ("readme.txt", b"hello")),
    "a name of several lines": archive(("a\n\x1b[31m.npy", npy())),
    "no members": archive(),
}


def test_a_hostile_archive_gives_a_clear_error():
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive(("a", b""), ("a", b""))
    assert_refused("x.npz", ARCHIVES)


def test_the_name_of_a_member_is_never_used_as_a_path(tmp_path):
    """No member is unpacked to a path, so `..` and `/` are ordinary characters."""
    names = ("../../../../tmp/resnet-duet-harmed", "/tmp/resnet-duet-harmed", "C:\\harmed")
    for name in names:
        case = {name: archive((f"{name}.npy", npy()))}
        assert_read("x.npz", case, {name: ("<f4", (4,), VALUES)})
    assert not any(formats.Path("/tmp").glob("resnet-duet-harmed*"))


def test_an_unusual_archive_is_read_by_its_index():
    """As Python's zipfile reads it: these fields are unprotected, and change no array."""
    odd = {
        "plain": PLAIN,
        "compressed": archive(("a.npy", npy()), method=zipfile.ZIP_DEFLATED),
        "a wrong number of members": field(PLAIN, END, 10, "<H", 60_000),
        "a member with a claimed compressed size of 2 gigabytes": field(
            PLAIN, ENTRY, 20, "<I", 2**31
        ),
        "something before it": b"#!/bin/sh\n" + PLAIN,
    }
    assert_read("x.npz", odd, {"a": ("<f4", (4,), VALUES)})


@pytest.mark.slow
def test_an_array_of_the_largest_allowed_ratio_stays_within_the_memory_limit():
    zeros = bytes(90 * 2**20)
    content = npy(shape=f"({len(NOISE + zeros) // 4},)", data=NOISE + zeros)
    file = archive(("a.npy", content), method=zipfile.ZIP_DEFLATED)
    (outcome,) = judged([("x.npz", file)], "read")
    assert_harmless(outcome, "x.npz", file)
    assert outcome.result["a"][2] == NOISE + zeros


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".pth", ".weights.h5", ".h5", ".onnx"])
def test_big_endian_arrays_are_written_in_this_machine_s_order(tmp_path, order, suffix):
    arrays = {name: array.astype(f"{order}f4") for name, array in weights().items()}
    np.savez(tmp_path / "source.npz", **arrays)
    source = formats.read(tmp_path / "source.npz").arrays
    dialect = "keras" if suffix.endswith("h5") else "torchvision"
    target = tmp_path / f"target{suffix}"
    converted = Arrays.of(convert(source, SPEC, "torchvision", dialect))
    formats.write(formats.check_writable(target, None, False, None), converted, METADATA)
    back = convert(formats.read(target).arrays, SPEC, dialect, "torchvision")
    assert all(np.array_equal(back[name], arrays[name]) for name in arrays)


@pytest.mark.parametrize(
    ("suffix", "dtype"),
    [
        (row.suffixes[0], dtype)
        for row in formats.FORMATS
        for dtype in (row.dtypes[0], "float32")
        if row.suffixes[0] != ".keras"
    ],
)
def test_nonfinite_values_are_counted_by_inspect_and_convert(tmp_path, suffix, dtype):
    source, target = tmp_path / f"net{suffix}", tmp_path / "target.safetensors"
    arrays = {name: array.astype(named_dtype(dtype)) for name, array in weights().items()}
    arrays["bn1.weight"][0] = np.nan
    arrays["layer2.0.conv1.weight"][0, 0] = -np.inf
    writable = formats.check_writable(source, None, overwrite=False, input_layout=None)
    converted = Arrays.of(convert(arrays, SPEC, "torchvision", writable.dialect))
    formats.write(writable, converted, METADATA)
    words = {"inspect": [], "convert": [str(target), "--to", "torchvision"]}
    odd = {}
    for command, more in words.items():
        run = CliRunner().invoke(main, [command, str(source), *more, "--json"])
        odd[command] = json.loads(run.stdout)["nonfinite"]
    assert odd["convert"] == {"bn1.weight": 1, "layer2.0.conv1.weight": 9}
    assert sorted(odd["inspect"].values()) == [1, 9]


def safetensors(header, data=VALUES, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def row(dtype="F32", shape=(4,), offsets=(0, 16)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


SAFETENSORS = {
    "beyond the end": safetensors({"a": row(shape=[400], offsets=[0, 1600])}),
    "before the beginning": safetensors({"a": row(offsets=[-16, 0])}),
    "overlapping": safetensors({"a": row(), "b": row(shape=[2], offsets=[8, 16])}),
    "a hole": safetensors({"a": row(), "b": row(shape=[2], offsets=[20, 28])}, bytes(28)),
    "the end before the beginning": safetensors({"a": row(offsets=[16, 0])}),
    "more bytes than tensors": safetensors({"a": row()}, bytes(20)),
    "a shape below zero": safetensors({"a": row(shape=[-4])}),
    "a shape of 2**63": safetensors({"a": row(shape=[2**63])}),
    "a shape of 2**64": safetensors({"a": row(shape=[2**64], offsets=[0, 2**66])}),
    "a shape that wraps around to nothing": safetensors(
        {"a": row(shape=[2**62, 4], offsets=[0, 0])}, b""
    ),
    "a shape of nothing and of 2**62": safetensors(
        {"a": row(shape=[0, 2**62], offsets=[0, 0])}, b""
    ),
    "a shape of a hundred axes": safetensors({"a": row(shape=[1] * 100 + [4])}),
    "a shape of floats": safetensors({"a": row(shape=[4.0])}),
    "a header of 2**63 bytes": safetensors({"a": row()}, length=2**63),
    "a header of 2**64 bytes": safetensors({"a": row()}, length=2**64 - 1),
    "a header of a gigabyte": safetensors({"a": row()}, length=10**9),
    "a header of no bytes": safetensors({"a": row()}, length=0),
    "a header that is not JSON": safetensors(b"{"),
    "a header that is a list": safetensors(b"[]"),
    "lists in lists": safetensors(b"[" * 100_000),
    "objects in objects": safetensors(b'{"a":' * 1000),
    "an unknown precision": safetensors({"a": row(dtype="X")}),
    "a precision that no network has": safetensors({"a": row(dtype="F8_E4M3", shape=[16])}),
    "metadata that is a number": safetensors({"a": row(), "__metadata__": {METADATA_KEY: 5}}),
    "invalid metadata": safetensors({"a": row(), "__metadata__": {METADATA_KEY: "hello"}}),
    "a name of several lines": safetensors({"a\n\x1b[31m": row()}),
    "a name of half a character": safetensors(b'{"a\\ud800":' + json.dumps(row()).encode() + b"}"),
    "more tensors than the limit": safetensors(
        {str(n): row(shape=[0], offsets=[0, 0]) for n in range(70_000)}, b""
    ),
    "no tensors": safetensors({}, b""),
}


def test_a_hostile_safetensors_file_gives_a_clear_error():
    assert_refused("x.safetensors", SAFETENSORS)


def with_metadata(text):
    """A network's .npz with other metadata."""
    stream = io.BytesIO()
    with np.load(io.BytesIO(thin_file("npz"))) as arrays:
        np.savez(stream, **{**arrays, METADATA_KEY: np.array(text)})
    return stream.getvalue()


def changed(**fields):
    return json.dumps(json.loads(METADATA.to_json()) | fields)


def other_spec(**choices):
    return changed(spec=json.loads(SPEC.to_json()) | choices)


METADATA_TEXTS = {
    "not JSON": "hello",
    "a number": "5",
    "null": "null",
    "a list": "[]",
    "an empty object": "{}",
    "lists in lists": "[" * 60_000,
    "lists in lists of a spec": changed(spec=json.loads("[" * 500 + "]" * 500)),
    "a million objects": "[" + "{}," * 1_000_000 + "{}]",
    "a number of 5,000 digits": '{"spec": ' + "9" * 5000 + "}",
    "a spec that is a text": changed(spec="resnet18"),
    "a spec that is null": changed(spec=None),
    "a choice that does not exist": other_spec(**{"evil\n\x1b[31m": 1}),
    "a block that does not exist": other_spec(block="cubic\n"),
    "millions of blocks": other_spec(depths=[3, 3, 30_000_000]),
    "a million million blocks": other_spec(depths=[10**12] * 3),
    "thousands of stages": other_spec(depths=[1] * 5000, widths=[8] * 5000),
    "thousands of convolutions in the stem": other_spec(stem={"channels": [2] * 20_000}),
    "channels of 4,000 digits": other_spec(widths=[2, 4, int("8" * 4000)]),
    "another network": other_spec(depths=[1, 1, 2]),
    "an eps that is not a number": other_spec(norm_eps=float("nan")),
    "an infinite eps": other_spec(norm_eps=float("inf")),
    "depths that are texts": other_spec(depths=["1", "1", "1"]),
    "a provenance that is a number": changed(provenance=5),
    "a provenance without a name": changed(provenance={"sha256": ""}),
    "a provenance of several lines": changed(provenance={"name": "a\nb", "sha256": ""}),
    "a provenance of numbers": changed(provenance={"name": 5, "sha256": 6}),
}


@pytest.mark.slow
def test_metadata_that_was_changed_gives_a_clear_error():
    cases = {what: with_metadata(text) for what, text in METADATA_TEXTS.items()}
    outcomes = judged((("x.npz", file) for file in cases.values()), "convert")
    for (what, file), outcome in zip(cases.items(), outcomes, strict=True):
        assert_harmless(outcome, "x.npz", file)
        assert outcome.error is not None, what


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.sampled_from([*vars(SPEC), "spec", "provenance", "tool", "else"]), JSON)
def test_any_value_anywhere_in_metadata_is_read_or_refused(key, value):
    text = other_spec(**{key: value}) if key in vars(SPEC) else changed(**{key: value})
    try:
        found = FileMetadata.from_json(text)
    except ResNetError as error:
        assert_readable(str(error))
    else:
        assert FileMetadata.from_json(found.to_json()) == found


def test_metadata_longer_than_the_limit_is_refused_unparsed():
    with pytest.raises(ResNetError, match="characters"):
        FileMetadata.from_json("[" + " " * LONGEST + "]")


def values():
    """Header fields of .npy, usual and unusual ones."""
    shapes = st.lists(st.integers(-3, 5) | st.integers(), max_size=4).map(tuple)
    dtypes = st.sampled_from(["<f4", ">f8", "|b1", "<f2", "|O", "<U3", "|V0", "<c16", "<M8[s]", ""])
    return st.tuples(dtypes.map(repr) | JSON.map(repr), (shapes | JSON).map(repr), JSON.map(repr))


@settings(max_examples=500, deadline=None, derandomize=True)
@given(values())
def test_any_header_of_npz_is_read_or_refused(tmp_path_factory, header):
    descr, shape, order = header
    path = tmp_path_factory.getbasetemp() / "any.npz"
    path.write_bytes(npz(descr=descr, shape=shape, order=order))
    try:
        assert list(formats.read(path).arrays) == ["a"]
        dict(formats.read(path).arrays)
    except FileError as error:
        assert_readable(str(error))
        assert str(path) in str(error)


@pytest.mark.slow
@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(max_size=3), st.fixed_dictionaries({
    "dtype": st.sampled_from(["F32", "BF16", "F64", "I8", "F8_E5M2"]) | JSON,
    "shape": st.lists(st.integers(0, 4) | st.integers(), max_size=3) | JSON,
    "data_offsets": st.lists(st.integers(0, 16) | st.integers(), min_size=2, max_size=2) | JSON,
}) | JSON, max_size=3))  # fmt: skip
def test_any_header_of_safetensors_is_read_or_refused(tmp_path_factory, header):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(safetensors(header))
    try:
        dict(formats.read(path).arrays)
    except FileError as error:
        assert_readable(str(error))
        assert str(path) in str(error)


def configured(config, method=zipfile.ZIP_STORED):
    """A network's .keras with another configuration."""
    with zipfile.ZipFile(io.BytesIO(thin_file("keras"))) as file:
        members = {name: file.read(name) for name in file.namelist()}
    members["config.json"] = config if isinstance(config, (str, bytes)) else json.dumps(config)
    return archive(*members.items(), method=method)


def with_layer(**fields):
    first, *others = layers()
    return {"config": {"layers": [first | fields, *others]}}


CONFIGS = {
    "not JSON": "hello",
    "not text": b"\xff\xfe",
    "a number": 5,
    "a list": [],
    "an empty object": {},
    "a configuration that is a number": {"config": 5},
    "layers that are a number": {"config": {"layers": 5}},
    "layers that are texts": {"config": {"layers": ["conv1"]}},
    "lists in lists": "[" * 100_000,
    "a layer without a class": {"config": {"layers": [{"name": "conv1", "config": {}}]}},
    "a layer with the wrong name": with_layer(name="conv1\n\x1b[31m"),
    "a layer whose name is a number": with_layer(name=5),
    "a layer whose name is a list": with_layer(name=["conv1"]),
    "a layer whose configuration is a list": with_layer(config=[]),
    "other strides": with_layer(config={"strides": [3, 3]}),
    "strides of several lines": with_layer(config={"strides": "3\n\x1b[31m"}),
    "a dilation that is an object": with_layer(config={"dilation_rate": {"a": [None]}}),
    "layers that are missing": {"config": {"layers": list(layers())[:-1]}},
    "layers in another order": {"config": {"layers": list(layers())[::-1]}},
}


def test_a_hostile_keras_configuration_gives_a_clear_error():
    cases = {what: configured(config) for what, config in CONFIGS.items()}
    cases["ten million objects"] = configured("[" + "{}," * 10**7 + "{}]", zipfile.ZIP_DEFLATED)
    cases["no weights"] = archive(("config.json", "{}"))
    cases["weights that are not HDF5"] = archive(
        ("config.json", json.dumps({"config": []})), ("model.weights.h5", b"hello")
    )
    assert_refused("x.keras", cases, task="convert")


def injected(value, rng):
    """A configuration with this value at a random place."""
    config = {"config": {"layers": list(layers())}}
    node = config
    while True:
        key = rng.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if not isinstance(node[key], (dict, list)) or not node[key] or rng.random() < 0.1:
            node[key] = value
            return config
        node = node[key]


@pytest.mark.slow
def test_any_value_anywhere_in_a_keras_configuration_is_read_or_refused():
    rng = random.Random(0)
    odd = [None, True, -1, 1e999, "", "x\ny", [], {}, [[]], {"a": {}}, [1, 2], "same", "valid"]
    keys = ["strides", "padding", "epsilon", "batch_shape", "pool_size", "activation", "name"]
    odd += [{key: value} for key in keys for value in odd]
    cases = [configured(injected(value, rng)) for value in odd]
    outcomes = judged((("x.keras", file) for file in cases), "convert")
    for file, outcome in zip(cases, outcomes, strict=True):
        assert_harmless(outcome, "x.keras", file)
