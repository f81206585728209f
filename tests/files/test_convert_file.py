"""Converting files: metadata, precisions, choices, many files at once."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.files import batch
from resnet_duet.files.convert_file import KEEP_DTYPE, ConvertOptions, ConvertResult
from resnet_duet.files.convert_file import convert_file as convert_with
from resnet_duet.formats.sha256 import BackgroundSha256
from resnet_duet.formats.trust import Trust
from resnet_duet.identify.head import HeadChoice
from resnet_duet.metadata import FileMetadata, Provenance, tool
from resnet_duet.weights.arrays import Arrays
from support.networks import bits

NAME = "cifar_resnet20_b"
KINDS = [".pth", ".safetensors", ".npz", ".weights.h5", ".h5", ".onnx"]


PLAIN = ConvertOptions(
    spec=None,
    source_dialect=None,
    choices={},
    head=HeadChoice.KEEP,
    fold_bias=False,
    dtype=KEEP_DTYPE,
    target_dialect=None,
    input_layout=None,
    overwrite=False,
    verify=False,
    trust=Trust.DATA,
)


def options(**changes):
    return replace(PLAIN, **changes)


def convert_file(source, target, options) -> ConvertResult:
    return convert_with(source, target, options, BackgroundSha256(source))


@pytest.fixture
def source(tmp_path):
    """A file without metadata."""
    weights = resnet_duet.random_weights(NAME, 0, norms="random")
    path = tmp_path / "source.npz"
    np.savez(path, **{name: array.astype(np.float32) for name, array in weights.items()})
    return path


@pytest.mark.parametrize("ending", KINDS)
def test_every_written_file_describes_its_network_its_source_and_its_tool(source, ending):
    target = source.with_name(f"target{ending}")
    convert_file(source, target, options(choices={"norm_eps": 1e-3}))
    metadata = formats.read(target).metadata
    assert metadata.spec == resnet_spec.get(NAME, norm_eps=1e-3)
    assert metadata.provenance.name == "source.npz"
    assert metadata.provenance.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert metadata.tool == tool() == f"resnet-duet {resnet_duet.__version__}"
    again = source.with_name("again.npz")
    convert_file(target, again, options())
    assert formats.read(again).spec.norm_eps == 1e-3, "the metadata replaces --spec"
    arrays = dict(formats.read(again).arrays)
    assert bits(arrays) == bits(formats.read(source).arrays)


@pytest.mark.parametrize("ending", [".pth", ".safetensors", ".npz", ".onnx"])
def test_the_same_source_gives_the_same_bytes(source, ending):
    targets = [source.with_name(f"{n}{ending}") for n in "ab"]
    for target in targets:
        convert_file(source, target, options())
    assert targets[0].read_bytes() == targets[1].read_bytes()


def test_half_precision_is_kept_or_widened_as_asked(source):
    half = source.with_name("half.safetensors")
    result = convert_file(source, half, options(dtype="bfloat16"))
    assert result.dtypes == ("bfloat16",)
    kept, wide = source.with_name("kept.pth"), source.with_name("wide.npz")
    assert convert_file(half, kept, options()).dtypes == ("bfloat16",)
    assert convert_file(half, wide, options(dtype="float32")).dtypes == ("float32",)
    for name, array in formats.read(kept).arrays.items():
        assert (array.astype(np.float32) == formats.read(wide).arrays[name]).all()
    with pytest.raises(FileError, match="NumPy files cannot hold bfloat16; pass --dtype float32"):
        convert_file(half, source.with_name("no.npz"), options())
    assert not source.with_name("no.npz").exists()


def test_nonfinite_values_are_counted(source):
    arrays = dict(formats.read(source).arrays)
    arrays["fc.bias"][:3] = [np.nan, np.inf, -np.inf]
    arrays["bn1.weight"][0] = np.nan
    np.savez(source, **arrays)
    result = convert_file(source, source.with_name("x.safetensors"), options())
    assert result.nonfinite == {"bn1.weight": 1, "fc.bias": 3}


def test_a_file_can_be_converted_onto_itself(source):
    before = bits(formats.read(source).arrays)
    convert_file(source, source, options(overwrite=True))
    assert bits(formats.read(source).arrays) == before


def test_a_symbolic_link_stays_a_link(source):
    link, target = source.with_name("link.npz"), source.with_name("target.npz")
    link.symlink_to(target)
    with pytest.raises(FileError, match=r"link\.npz exists; pass --overwrite"):
        convert_file(source, link, options())
    convert_file(source, link, options(overwrite=True))
    assert link.is_symlink()
    assert formats.read(target).spec == resnet_spec.get(NAME)


@pytest.mark.slow
@pytest.mark.parametrize("fold_bias", [False, True])
def test_a_conversion_is_verified(tmp_path, fold_bias):
    spec = resnet_spec.get("mlperf_resnet8")
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    np.savez(tmp_path / "a.npz", **{n: a.astype(np.float32) for n, a in weights.items()})
    result = convert_file(
        tmp_path / "a.npz", tmp_path / "b.h5", options(spec=spec, verify=True, fold_bias=fold_bias)
    )
    assert result.spec.bias == ("without_norm" if fold_bias else "always")


def test_directories_and_patterns_mean_many_files(tmp_path):
    for name in ("b.npz", "a.pth.tar", "c.weights.h5", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").touch()
    found = list(batch.sources([tmp_path]))
    assert [path.name for path in found] == ["a.pth.tar", "b.npz", "c.weights.h5", "model"]
    assert [p.name for p in batch.sources([tmp_path / "*.npz"])] == ["b.npz"]
    with pytest.raises(FileError, match="no checkpoints found"):
        list(batch.sources([tmp_path / "*.onnx"]))
    names = [batch.target(path, tmp_path, ".npz").name for path in found]
    assert names == ["a.npz", "b.npz", "c.npz", "model.npz"]


@pytest.mark.parametrize("provenance", [None, Provenance("net.pth", "0123abcd")])
def test_metadata_is_equal_after_a_round_trip_through_json(provenance):
    metadata = FileMetadata(resnet_spec.get("resnet50d"), provenance, "x")
    assert FileMetadata.from_json(metadata.to_json()) == metadata
    fields = json.loads(metadata.to_json())
    assert list(fields) == ["spec", "provenance", "tool"]
    assert fields["provenance"] == (provenance and {"name": "net.pth", "sha256": "0123abcd"})


def test_control_characters_in_the_name_of_a_source_are_escaped_in_its_metadata(source):
    odd = source.with_name("a\nb.npz")
    source.rename(odd)
    convert_file(odd, source.with_name("target.npz"), options())
    metadata = formats.read(source.with_name("target.npz")).metadata
    assert metadata.provenance.name == "a\\nb.npz"


def test_a_target_is_checked_once_and_before_the_source_is_opened(source, monkeypatch):
    checked = []
    check = formats.check_writable

    def counting(path, *arguments):
        checked.append(path)
        return check(path, *arguments)

    monkeypatch.setattr(formats, "check_writable", counting)
    convert_file(source, source.with_name("a.npz"), options())
    assert checked == [source.with_name("a.npz")]
    with pytest.raises(FileError, match=r"output directory '.*none' does not exist"):
        convert_file(source.with_name("missing.npz"), source.parent / "none" / "a.npz", options())


def test_an_array_is_read_only_when_it_is_used():
    read = []

    def entry(name):
        return lambda: read.append(name) or np.zeros(3)

    arrays = Arrays.of({"a": np.zeros(3), "b": np.zeros(3)})
    lazy = Arrays({n: type(e)(e.shape, e.dtype, entry(n)) for n, e in arrays.entries.items()})
    assert (lazy.shapes, lazy.nbytes, list(lazy)) == (
        {"a": (3,), "b": (3,)},
        48,
        ["a", "b"],
    )
    assert read == []
    assert lazy["b"].shape == (3,)
    assert read == ["b"]
