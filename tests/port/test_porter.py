"""From file to file: labels, precisions, choices, many at once."""

import hashlib
import json

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.port import files, many
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.digest import Digest
from resnet_duet.port.head import AS_FILED
from resnet_duet.port.label import Label, tool
from resnet_duet.port.porter import KEPT, Report, Wish
from resnet_duet.port.porter import port as port_with
from worlds import bits

NAME = "cifar_resnet20_b"
KINDS = [".pth", ".safetensors", ".npz", ".weights.h5", ".h5", ".onnx"]


def wish(**wishes):
    plain = Wish(
        spec=None,
        source=None,
        choices={},
        target=None,
        dtype=KEPT,
        head=AS_FILED,
        fold_bias=False,
        verify=False,
        overwrite=False,
    )
    return Wish(**(vars(plain) | wishes))


def port(source, target, wanted) -> Report:
    return port_with(source, target, wanted, Digest(source))


@pytest.fixture
def source(tmp_path):
    """A file that nobody labelled."""
    weights = resnet_duet.random_weights(NAME, 0, norms="random")
    path = tmp_path / "source.npz"
    np.savez(path, **{name: array.astype(np.float32) for name, array in weights.items()})
    return path


@pytest.mark.parametrize("ending", KINDS)
def test_every_written_file_says_what_it_is_where_it_came_from_and_who_wrote_it(source, ending):
    target = source.with_name(f"target{ending}")
    port(source, target, wish(choices={"norm_eps": 1e-3}))
    label = files.read(target).label
    assert label.spec == resnet_spec.get(NAME, norm_eps=1e-3)
    assert label.origin.name == "source.npz"
    assert label.origin.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert label.tool == tool() == f"resnet-duet {resnet_duet.__version__}"
    again = source.with_name("again.npz")
    port(target, again, wish())
    assert files.read(again).spec.norm_eps == 1e-3, "such a file needs no --spec"
    arrays = dict(files.read(again).arrays)
    assert bits(arrays) == bits(files.read(source).arrays)


@pytest.mark.parametrize("ending", [".pth", ".safetensors", ".npz", ".onnx"])
def test_the_same_source_gives_the_same_bytes(source, ending):
    targets = [source.with_name(f"{n}{ending}") for n in "ab"]
    for target in targets:
        port(source, target, wish())
    assert targets[0].read_bytes() == targets[1].read_bytes()


def test_half_precision_is_kept_or_widened_as_is_said(source):
    half = source.with_name("half.safetensors")
    report = port(source, half, wish(dtype="bfloat16"))
    assert report.dtypes == ("bfloat16",)
    kept, wide = source.with_name("kept.pth"), source.with_name("wide.npz")
    assert port(half, kept, wish()).dtypes == ("bfloat16",)
    assert port(half, wide, wish(dtype="float32")).dtypes == ("float32",)
    for name, array in files.read(kept).arrays.items():
        assert (array.astype(np.float32) == files.read(wide).arrays[name]).all()
    with pytest.raises(FileError, match="NumPy files hold no bfloat16; say --dtype float32"):
        port(half, source.with_name("no.npz"), wish())
    assert not source.with_name("no.npz").exists()


def test_numbers_that_are_none_are_counted(source):
    arrays = dict(files.read(source).arrays)
    arrays["fc.bias"][:3] = [np.nan, np.inf, -np.inf]
    arrays["bn1.weight"][0] = np.nan
    np.savez(source, **arrays)
    report = port(source, source.with_name("x.safetensors"), wish())
    assert report.nonfinite == {"bn1.weight": 1, "fc.bias": 3}


def test_a_source_may_be_its_own_target(source):
    before = bits(files.read(source).arrays)
    port(source, source, wish(overwrite=True))
    assert bits(files.read(source).arrays) == before


def test_a_symbolic_link_stays_one(source):
    link, target = source.with_name("link.npz"), source.with_name("target.npz")
    link.symlink_to(target)
    with pytest.raises(FileError, match=r"link\.npz exists; say --overwrite"):
        port(source, link, wish())
    port(source, link, wish(overwrite=True))
    assert link.is_symlink()
    assert files.read(target).spec == resnet_spec.get(NAME)


@pytest.mark.slow
@pytest.mark.parametrize("fold_bias", [False, True])
def test_a_conversion_proves_itself(tmp_path, fold_bias):
    spec = resnet_spec.get("mlperf_resnet8")
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    np.savez(tmp_path / "a.npz", **{n: a.astype(np.float32) for n, a in weights.items()})
    report = port(
        tmp_path / "a.npz", tmp_path / "b.h5", wish(spec=spec, verify=True, fold_bias=fold_bias)
    )
    assert report.spec.bias == ("without_norm" if fold_bias else "always")


def test_many_files_are_folders_and_patterns(tmp_path):
    for name in ("b.npz", "a.pth.tar", "c.weights.h5", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").touch()
    found = list(many.sources([tmp_path]))
    assert [path.name for path in found] == ["a.pth.tar", "b.npz", "c.weights.h5", "model"]
    assert [p.name for p in many.sources([tmp_path / "*.npz"])] == ["b.npz"]
    with pytest.raises(FileError, match="there is no checkpoint"):
        list(many.sources([tmp_path / "*.onnx"]))
    names = [many.target(path, tmp_path, ".npz").name for path in found]
    assert names == ["a.npz", "b.npz", "c.npz", "model.npz"]


def test_a_label_survives_its_json():
    label = Label(resnet_spec.get("resnet50d"), None, "x")
    assert Label.from_json(label.to_json()) == label
    assert json.loads(label.to_json())["origin"] is None


def test_arrays_are_read_when_they_are_asked_for_and_not_before():
    read = []

    def entry(name):
        return lambda: read.append(name) or np.zeros(3)

    arrays = Arrays.of({"a": np.zeros(3), "b": np.zeros(3)})
    watched = Arrays({n: type(e)(e.shape, e.dtype, entry(n)) for n, e in arrays.entries.items()})
    assert (watched.shapes, watched.nbytes, list(watched)) == (
        {"a": (3,), "b": (3,)},
        48,
        ["a", "b"],
    )
    assert read == []
    assert watched["b"].shape == (3,)
    assert read == ["b"]
