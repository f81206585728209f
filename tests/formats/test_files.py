"""Files: every format both ways, with its metadata, complete or not at all; clear errors."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest
import torch

import resnet_duet
import resnet_duet.models
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats import npz
from resnet_duet.formats.sha256 import BackgroundSha256
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from resnet_duet.metadata import METADATA_KEY, FileMetadata
from resnet_duet.weights.arrays import Arrays, named_dtype
from support.networks import bits, thin
from support.sandbox import assert_readable

ENDINGS = [".pth", ".pt", ".th", ".bin", ".safetensors", ".npz", ".weights.h5", ".h5", ".keras"]
ENDINGS += [".onnx"]
SPEC = resnet_spec.get("mlperf_resnet8", in_channels=1, num_classes=None)
METADATA = FileMetadata(SPEC, None, "test")
KINDS = [".pth", ".safetensors", ".npz", ".weights.h5", ".h5", ".keras", ".onnx"]


@pytest.fixture(scope="module")
def weights():
    weights = resnet_duet.random_weights(SPEC, 0, norms="random")
    return {n: a.astype(np.float32) for n, a in weights.items()}


@pytest.fixture
def write(tmp_path, weights):
    """Write the weights as a file of this ending and return its path."""

    def write(ending, dtype=np.float32, overwrite=False):
        path = tmp_path / f"net{ending}"
        target = formats.check_writable(path, None, overwrite, input_layout=None)
        arrays = {n: a.astype(dtype) for n, a in weights.items()}
        arrays = resnet_duet.convert(arrays, SPEC, "torchvision", target.dialect)
        formats.write(target, Arrays.of(arrays), METADATA)
        return path, arrays

    return write


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_written_file_is_read_bit_for_bit_with_its_spec(write, ending, dtype):
    path, arrays = write(ending, dtype)
    found = formats.read(path)
    assert bits(found.arrays) == bits(arrays)
    assert found.spec == SPEC
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("into", ["torch", "keras"])
def test_a_file_loads_into_either_framework_and_saves_again(write, ending, into, weights, tmp_path):
    path, _ = write(ending)
    model = resnet_duet.load(path, into=into)
    again = tmp_path / f"again{ending}"
    resnet_duet.save(model, again)
    assert bits(formats.read(again).arrays) == bits(formats.read(path).arrays)
    assert formats.read(again).spec == SPEC


def test_a_saved_pth_is_a_plain_state_dict(write):
    path, _ = write(".pth")
    state = torch.load(path, weights_only=True)
    resnet_torch.build(SPEC).load_state_dict(state, strict=True)


def test_keras_loads_its_files_itself(write, weights):
    import keras

    want = bits(resnet_duet.convert(weights, SPEC, "torchvision", "keras"))
    model = resnet_tf.build(SPEC)
    model.load_weights(write(".weights.h5")[0])
    assert bits(resnet_tf.read(model)) == want
    assert bits(resnet_tf.read(keras.models.load_model(write(".keras")[0]))) == want


def test_half_precision_is_widened_unless_asked(write):
    path, _ = write(".safetensors", np.float16)
    assert next(resnet_duet.load(path, into="torch").parameters()).dtype == torch.float32
    assert resnet_duet.load(path, into="keras", dtype="float64").input.dtype == "float64"


@pytest.mark.parametrize("is_zip", [True, False])
def test_bfloat16_in_a_pytorch_file_is_kept(tmp_path, weights, is_zip):
    state = {n: torch.from_numpy(a).bfloat16() for n, a in weights.items()}
    torch.save(state, tmp_path / "half.pth", _use_new_zipfile_serialization=is_zip)
    arrays = formats.read(tmp_path / "half.pth").arrays
    assert arrays.dtypes == {named_dtype("bfloat16")}
    for name, array in arrays.items():
        assert torch.from_numpy(array.astype(np.float32)).bfloat16().equal(state[name])


@pytest.mark.parametrize("is_zip", [True, False])
def test_tensors_that_share_a_storage_are_each_read_as_their_part_of_it(tmp_path, is_zip):
    whole = torch.arange(24.0).reshape(4, 6)
    state = {"part": whole[1:3, 2:5], "turned": whole[1:].T, "last": whole[3], "none": whole[4:]}
    torch.save(state, tmp_path / "shared.pth", _use_new_zipfile_serialization=is_zip)
    arrays = formats.read(tmp_path / "shared.pth").arrays
    assert bits(arrays) == bits({name: tensor.numpy() for name, tensor in state.items()})


def test_a_keras_model_that_keras_opened_is_identified_and_saved(tmp_path):
    import keras

    model = resnet_tf.build("cifar_resnet20_b")
    model.save(tmp_path / "plain.keras")  # by Keras, so without metadata
    opened = keras.models.load_model(tmp_path / "plain.keras")
    resnet_duet.save(opened, tmp_path / "net.pth")
    assert formats.read(tmp_path / "net.pth").spec == model.spec
    assert resnet_duet.compare(resnet_duet.load(tmp_path / "net.pth", into="torch"), opened).match


@pytest.fixture
def legacy(tmp_path, weights):
    """A whole-model file of Keras 2, by h5py: groups of layers, their names as attributes."""
    path = tmp_path / "legacy.h5"
    arrays = resnet_duet.convert(weights, SPEC, "torchvision", "keras_numbered")
    layers = list(dict.fromkeys(name.partition("/")[0] for name in arrays))
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights")
        root.attrs["layer_names"] = [layer.encode() for layer in layers]
        for layer in layers:
            own = {n.partition("/")[2]: a for n, a in arrays.items() if n.startswith(f"{layer}/")}
            group = root.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{word}:0".encode() for word in own]
            for word, array in own.items():
                group[f"{layer}/{word}:0"] = array
    return path, arrays


def test_a_legacy_h5_is_read_bit_for_bit(legacy):
    path, arrays = legacy
    assert bits(formats.read(path).arrays) == bits(arrays)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [*ENDINGS, ".h5"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_gives_a_clear_error(write, legacy, tmp_path, ending, share):
    whole, _ = legacy if ending == ".h5" else write(ending)
    content = whole.read_bytes()
    cut = tmp_path / f"cut{ending}"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(FileError) as caught:
        formats.read(cut)
    assert str(cut) in str(caught.value)
    assert_readable(str(caught.value))


@pytest.mark.slow
@pytest.mark.parametrize("ending", [*ENDINGS, ".h5"])
@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x80\x02}q\x00.", b"\x89HDF"])
def test_a_file_of_another_kind_gives_a_clear_error(tmp_path, ending, content):
    path = tmp_path / f"other{ending}"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        formats.read(path)
    assert_readable(str(caught.value))


class Harmful:
    def __reduce__(self):
        return os.system, ("touch harmed",)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch, zipped):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "harmful.pth"
    torch.save({"state_dict": Harmful()}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(FileError, match=r"refused: its pickle would run code .*posix\.system"):
        formats.read(path)
    assert not (tmp_path / "harmed").exists()


def test_a_bare_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "harmful.pth").write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(FileError):
        formats.read(tmp_path / "harmful.pth")
    assert not (tmp_path / "harmed").exists()


def test_pickled_objects_in_an_npz_are_refused(tmp_path):
    np.savez(tmp_path / "objects.npz", **{"conv1.weight": np.array([Harmful()], dtype=object)})
    with pytest.raises(FileError, match=r"refused: conv1\.weight\.npy contains pickled objects"):
        formats.read(tmp_path / "objects.npz")


def test_an_h5_without_weights_gives_a_clear_error(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1, 2]
    with pytest.raises(FileError, match="not a Keras weights file"):
        formats.read(tmp_path / "other.h5")


def test_a_pth_without_a_state_dict_gives_a_clear_error(tmp_path):
    torch.save(torch.zeros(3), tmp_path / "tensor.pth")
    with pytest.raises(FileError, match=r"tensor\.pth: the file holds a Tensor, not a state_dict"):
        formats.read(tmp_path / "tensor.pth")
    torch.save({"epoch": 3}, tmp_path / "empty.pth")
    with pytest.raises(FileError, match="the file contains no arrays"):
        formats.read(tmp_path / "empty.pth")


def test_invalid_metadata_gives_a_clear_error(write):
    path, arrays = write(".npz")
    metadata = '{"spec": {"block": "cubic", "depths": [1]}, "provenance": null, "tool": "mine"}'
    np.savez(path, **arrays, **{METADATA_KEY: np.array(metadata)})
    with pytest.raises(FileError, match=r"net\.npz: the spec has 2 errors\n  block must be one of"):
        formats.read(path)
    np.savez(path, **arrays, **{METADATA_KEY: np.array("my notes")})
    with pytest.raises(FileError, match=r"net\.npz: invalid `resnet_duet` metadata: not JSON"):
        formats.read(path)


def test_a_missing_file_and_an_unknown_ending_give_clear_errors(tmp_path):
    with pytest.raises(FileError, match=r"none\.pth does not exist"):
        formats.read(tmp_path / "none.pth")
    (tmp_path / "net.bin2").touch()
    known = r"net\.bin2: the ending must be one of \.pth .* \(PyTorch\), \.safetensors"
    with pytest.raises(FileError, match=known):
        formats.read(tmp_path / "net.bin2")
    with pytest.raises(FileError, match="cannot be read: File name too long"):
        formats.read(tmp_path / ("x" * 300 + ".pth"))


def test_a_directory_is_refused_with_the_checkpoints_in_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (".", "..", "/", tmp_path):
        with pytest.raises(FileError, match="is a directory, not a checkpoint"):
            formats.read(folder)
    (tmp_path / "b.pth").touch()
    (tmp_path / "a.keras").touch()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(FileError, match=r"^\. is a directory") as caught:
        formats.read(".")
    assert caught.value.details == ("a.keras", "b.pth")


@pytest.fixture
def no_waiting():
    """A test that waits, for instance for the writer of a named pipe, fails after 5 seconds."""

    def fail(*_):
        pytest.fail("the file was opened")

    older = signal.signal(signal.SIGALRM, fail)
    signal.alarm(5)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, older)


@pytest.mark.parametrize("ending", [".pth", ".ckpt", ".h5", ".npz", ".onnx", ""])
def test_a_named_pipe_is_refused_and_never_waited_for(tmp_path, no_waiting, ending):
    os.mkfifo(tmp_path / f"pipe{ending}")
    with pytest.raises(FileError, match="is a named pipe, not a file; save the checkpoint"):
        formats.read(tmp_path / f"pipe{ending}")
    assert BackgroundSha256(tmp_path / f"pipe{ending}").result() is not None


def test_sockets_and_devices_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("net.pth")
        with pytest.raises(FileError, match=r"net\.pth is a socket"):
            formats.read("net.pth")
    with pytest.raises(FileError, match="/dev/null is a device"):
        formats.read("/dev/null")


def test_a_bug_in_a_format_module_is_not_reported_as_a_damaged_file(write, monkeypatch):
    path, _ = write(".npz")

    def broken(_path):
        return None.entries

    monkeypatch.setattr(npz, "read", broken)
    with pytest.raises(AttributeError, match="'NoneType' object has no attribute 'entries'"):
        formats.read(path)


def test_a_bug_while_an_array_is_read_is_not_reported_as_a_damaged_file(write, monkeypatch):
    path, _ = write(".npz")
    arrays = formats.read(path).arrays

    def broken(_archive, _member):
        return {}["gamma"]

    monkeypatch.setattr(npz, "_array", broken)
    with pytest.raises(KeyError, match="gamma"):
        dict(arrays)


def test_a_bug_while_a_file_is_written_is_not_reported_as_a_full_disk(tmp_path, monkeypatch):
    def broken(_stream, content):
        return content.nothing

    monkeypatch.setattr(npz, "write", broken)
    target = formats.check_writable(tmp_path / "net.npz", None, False, None)
    with pytest.raises(AttributeError, match="nothing"):
        formats.write(target, Arrays.of({"x": np.zeros(2)}), METADATA)
    assert not list(tmp_path.iterdir())


def test_the_cause_of_a_damaged_file_is_chained(tmp_path):
    (tmp_path / "net.npz").write_bytes(b"hello")
    with pytest.raises(FileError, match="not a NumPy archive, or corrupted") as caught:
        formats.read(tmp_path / "net.npz")
    causes, error = [], caught.value
    while error := error.__cause__:
        causes.append(type(error))
    assert causes == [FileError, zipfile.BadZipFile]


def test_an_existing_file_is_replaced_only_with_overwrite(write):
    path, _ = write(".safetensors")
    before = path.read_bytes()
    with pytest.raises(FileError, match="exists; pass --overwrite"):
        write(".safetensors", np.float64)
    assert path.read_bytes() == before
    write(".safetensors", np.float64, overwrite=True)
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none/net.npz", r"output directory '.*none' does not exist"),
        ("folder.npz", "is a directory; pass the name of a file in it"),
        ("net.doc", "the ending must be one of"),
        ("x" * 300 + ".npz", "cannot be written: File name too long"),
    ],
)
def test_a_target_that_cannot_be_written_gives_a_clear_error(tmp_path, name, message):
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(FileError, match=message):
        formats.check_writable(tmp_path / name, None, overwrite=True, input_layout=None)


@pytest.mark.parametrize(
    ("name", "dialect", "input_layout", "message"),
    [
        ("x.keras", "torchvision", None, "Keras 3 model files cannot hold the torchvision dialect"),
        ("x.onnx", "huggingface", None, "ONNX files cannot hold the huggingface dialect"),
        ("x.onnx", None, "CHWN", "the input layout must be NCHW or NHWC, not 'CHWN'"),
        ("x.npz", None, "NHWC", r"an input layout can be chosen for \.onnx files only"),
    ],
)
def test_a_format_refuses_what_it_cannot_hold(tmp_path, name, dialect, input_layout, message):
    with pytest.raises(FileError, match=message):
        formats.check_writable(tmp_path / name, dialect, False, input_layout)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from resnet_duet.errors import FileError
from resnet_duet import formats
from resnet_duet.weights.arrays import Arrays
from resnet_duet.metadata import FileMetadata
import resnet_spec, resnet_duet
spec = resnet_spec.get("mlperf_resnet8")
arrays = resnet_duet.convert(
    resnet_duet.random_weights(spec, 0), spec, "torchvision", sys.argv[2]
)
if sys.argv[2] == "keras":
    import resnet_tf
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    target = formats.check_writable(Path(sys.argv[1]), sys.argv[2], True, None)
    formats.write(target, Arrays.of(arrays), FileMetadata(spec, None, "test"))
except FileError as error:
    print(error)
"""


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    ("ending", "dialect"),
    [(e, "keras" if e.endswith(("h5", ".keras")) else "torchvision") for e in KINDS],
)
def test_a_full_disk_leaves_an_older_file_as_it_was(tmp_path, ending, dialect):
    """No file of the process may pass 100,000 bytes: writing fails half way, as on a full disk."""
    path = tmp_path / f"net{ending}"
    path.write_bytes(b"older")
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), dialect],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"{path} cannot be written: "), run.stdout
    assert run.stdout.count("\n") == 1
    assert "Traceback" not in run.stderr
    assert path.read_bytes() == b"older"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_metadata_is_one_more_member_of_a_valid_archive(write):
    for ending in (".pth", ".keras"):
        with zipfile.ZipFile(write(ending)[0]) as archive:
            assert archive.testzip() is None
            assert sum(name.endswith("resnet_duet.json") for name in archive.namelist()) == 1


def test_bfloat16_in_a_safetensors_file_is_kept(tmp_path, weights):
    from safetensors.torch import load_file, save_file

    state = {n: torch.from_numpy(a).bfloat16() for n, a in weights.items()}
    save_file(state, tmp_path / "half.safetensors")
    arrays = formats.read(tmp_path / "half.safetensors").arrays
    again = formats.check_writable(tmp_path / "again.safetensors", None, False, None)
    formats.write(again, arrays, METADATA)
    again = load_file(tmp_path / "again.safetensors")
    assert all(again[name].equal(state[name]) for name in state)


@pytest.mark.parametrize("dtype", ["complex64", "int64", "U3", "bool"])
def test_arrays_that_are_not_floating_point_are_listed(tmp_path, dtype):
    np.savez(tmp_path / "odd.npz", a=np.zeros(2, dtype), b=np.zeros(2), c=np.ones(1, dtype))
    with pytest.raises(FileError, match="2 arrays are not floating-point weights") as caught:
        open_checkpoint(tmp_path / "odd.npz", None, None, HeadChoice.KEEP)
    assert [line.partition(":")[0] for line in caught.value.details] == ["a", "c"]


def test_a_pickle_that_contains_itself_gives_a_clear_error(tmp_path):
    tree = {}
    tree["model"] = tree
    torch.save(tree, tmp_path / "self.pth")
    with pytest.raises(FileError, match="8 containers are nested"):
        formats.read(tmp_path / "self.pth")


def test_integer_keys_are_read_as_text(tmp_path):
    torch.save({"state_dict": {"a": torch.zeros(1)}, 3: "x"}, tmp_path / "a.pth")
    assert formats.read(tmp_path / "a.pth").skipped == ("3",)
    torch.save({0: torch.zeros(1)}, tmp_path / "b.pth")
    assert list(formats.read(tmp_path / "b.pth").arrays) == ["0"]


CHANGED = [  # a network that Keras saves, and the row of the zoo with the same arrays
    (resnet_spec.get("resnet50_v1"), "resnet50_v1"),
    (resnet_spec.get("cifar_plain20"), "cifar_plain20"),
    (resnet_spec.get("cifar_resnet20_a_end"), "cifar_resnet20_a_end"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "name"), CHANGED)
def test_the_configuration_in_a_keras_file_decides_between_networks(tmp_path, spec, name):
    import keras

    resnet_tf.build(spec).save(tmp_path / "plain.keras")  # by Keras, so without metadata
    _, identity = open_checkpoint(tmp_path / "plain.keras", None, None, HeadChoice.KEEP)
    assert (identity.name, identity.alternatives, identity.ambiguous) == (name, (), False)
    opened = keras.models.load_model(tmp_path / "plain.keras")
    assert resnet_duet.models.spec_of(opened) == spec


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("cifar_resnet20_b", {"ordering": "relu_before_addition"}),
        ("cifar_resnet20_b", {"norm_eps": 1e-2, "norm_decay": 0.97}),
        ("cifar_resnet20_b", {"padding": "same", "stem": {"stride": 2, "pool": "same"}}),
        ("resnet18", {"stem": {"pool": "none"}}),
        ("resnet18", {"stem": {"pool": "same"}}),
        ("preresnet18", {"stem": {"pool": "zero"}}),
    ],
)
def test_the_configuration_in_a_keras_file_shows_choices_that_arrays_do_not(
    tmp_path, name, choices
):
    spec = resnet_spec.get(name, **choices)
    model = resnet_tf.build(thin(spec))
    model.save(tmp_path / "x.keras")
    _, identity = open_checkpoint(tmp_path / "x.keras", None, None, HeadChoice.KEEP)
    assert identity.spec == model.spec


def test_a_configuration_of_another_network_gives_a_clear_error(tmp_path):
    model = resnet_tf.build("cifar_resnet20_b")
    model.get_layer("layer2.1.conv1").dilation_rate = (3, 3)
    model.save(tmp_path / "x.keras")
    with pytest.raises(FileError, match=r"leaves the family: layer2.1.conv1 is .*dilation 3"):
        resnet_duet.load(tmp_path / "x.keras", into="keras")


def test_a_web_page_called_pth_gives_a_clear_error(tmp_path):
    (tmp_path / "page.pth").write_text("<!DOCTYPE html><html></html>")
    with pytest.raises(FileError, match="not a PyTorch checkpoint, or corrupted"):
        formats.read(tmp_path / "page.pth")


def test_an_ambiguous_checkpoint_is_loaded_with_a_warning(tmp_path):
    weights = resnet_duet.random_weights("cifar_resnet20", 0)
    np.savez(tmp_path / "net.npz", **weights)
    warned = pytest.warns(
        resnet_duet.UndeterminedChoicesWarning, match="also matches .*, cifar_plain20; pass spec="
    )
    with warned:
        net = resnet_duet.load(tmp_path / "net.npz", into="torch")
    assert net.spec == resnet_spec.get("cifar_resnet20")
    resnet_duet.load(tmp_path / "net.npz", into="torch", spec="cifar_plain20")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_has_the_permissions_of_the_user_s_umask(write, tmp_path, ending):
    path, _ = write(ending)
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode
