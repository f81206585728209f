"""Files: every format both ways, spec inside, whole or not at all; damage in one clear line."""

import os
import pickle
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
from resnet_duet.errors import FileError
from resnet_duet.port import files
from resnet_duet.port.arrays import Arrays, named_dtype
from resnet_duet.port.head import AS_FILED
from resnet_duet.port.label import KEY, Label
from resnet_duet.port.opening import open_checkpoint
from worlds import bits, thin

ENDINGS = [".pth", ".pt", ".th", ".bin", ".safetensors", ".npz", ".weights.h5", ".h5", ".keras"]
ENDINGS += [".onnx"]
SPEC = resnet_spec.get("mlperf_resnet8", in_channels=1, num_classes=None)
LABEL = Label(SPEC, None, "test")
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
        dialect = files.writable(path, None, overwrite=True)
        arrays = {n: a.astype(dtype) for n, a in weights.items()}
        arrays = resnet_duet.convert(arrays, SPEC, "torchvision", dialect)
        files.write(path, Arrays.of(arrays), LABEL, dialect, overwrite)
        return path, arrays

    return write


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_is_written_is_read_bit_for_bit_with_its_spec(write, ending, dtype):
    path, arrays = write(ending, dtype)
    found = files.read(path)
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
    assert bits(files.read(again).arrays) == bits(files.read(path).arrays)
    assert files.read(again).spec == SPEC


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
def test_bfloat16_of_pytorch_is_kept(tmp_path, weights, is_zip):
    state = {n: torch.from_numpy(a).bfloat16() for n, a in weights.items()}
    torch.save(state, tmp_path / "half.pth", _use_new_zipfile_serialization=is_zip)
    arrays = files.read(tmp_path / "half.pth").arrays
    assert arrays.dtypes == {named_dtype("bfloat16")}
    for name, array in arrays.items():
        assert torch.from_numpy(array.astype(np.float32)).bfloat16().equal(state[name])


@pytest.mark.parametrize("is_zip", [True, False])
def test_tensors_that_share_a_storage_are_each_its_own_part_of_it(tmp_path, is_zip):
    whole = torch.arange(24.0).reshape(4, 6)
    state = {"part": whole[1:3, 2:5], "turned": whole[1:].T, "last": whole[3], "none": whole[4:]}
    torch.save(state, tmp_path / "shared.pth", _use_new_zipfile_serialization=is_zip)
    arrays = files.read(tmp_path / "shared.pth").arrays
    assert bits(arrays) == bits({name: tensor.numpy() for name, tensor in state.items()})


def test_a_keras_model_from_a_file_is_recognised_again(tmp_path):
    import keras

    model = resnet_tf.build("cifar_resnet20_b")
    model.save(tmp_path / "plain.keras")  # by Keras, so without a spec
    opened = keras.models.load_model(tmp_path / "plain.keras")
    resnet_duet.save(opened, tmp_path / "net.pth")
    assert files.read(tmp_path / "net.pth").spec == model.spec
    assert resnet_duet.compare(resnet_duet.load(tmp_path / "net.pth", into="torch"), opened).same


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
    assert bits(files.read(path).arrays) == bits(arrays)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [*ENDINGS, ".h5"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_told_in_one_line(write, legacy, tmp_path, ending, share):
    whole, _ = legacy if ending == ".h5" else write(ending)
    content = whole.read_bytes()
    cut = tmp_path / f"cut{ending}"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(FileError) as caught:
        files.read(cut)
    assert str(cut) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", [*ENDINGS, ".h5"])
@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"\x80\x02}q\x00.", b"\x89HDF"])
def test_a_file_that_is_something_else_is_told_in_one_line(tmp_path, ending, content):
    path = tmp_path / f"other{ending}"
    path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        files.read(path)
    assert "\n" not in str(caught.value)


class Harmful:
    def __reduce__(self):
        return os.system, ("touch harmed",)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch, zipped):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "harmful.pth"
    torch.save({"state_dict": Harmful()}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(FileError, match=r"its pickle wants to run code .*posix\.system"):
        files.read(path)
    assert not (tmp_path / "harmed").exists()


def test_a_bare_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "harmful.pth").write_bytes(pickle.dumps(Harmful()))
    with pytest.raises(FileError):
        files.read(tmp_path / "harmful.pth")
    assert not (tmp_path / "harmed").exists()


def test_pickled_objects_in_an_npz_are_refused(tmp_path):
    np.savez(tmp_path / "objects.npz", **{"conv1.weight": np.array([Harmful()], dtype=object)})
    with pytest.raises(FileError, match=r"refused, since conv1\.weight\.npy holds pickled objects"):
        files.read(tmp_path / "objects.npz")


def test_an_h5_of_something_else_is_told(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1, 2]
    with pytest.raises(FileError, match="no weights of Keras"):
        files.read(tmp_path / "other.h5")


def test_a_pth_without_a_state_dict_is_told(tmp_path):
    torch.save(torch.zeros(3), tmp_path / "tensor.pth")
    with pytest.raises(FileError, match=r"tensor\.pth: it holds a Tensor and no state_dict"):
        files.read(tmp_path / "tensor.pth")
    torch.save({"epoch": 3}, tmp_path / "empty.pth")
    with pytest.raises(FileError, match="holds no arrays"):
        files.read(tmp_path / "empty.pth")


def test_a_spec_that_was_tampered_with_is_told(write):
    path, arrays = write(".npz")
    label = '{"spec": {"block": "cubic", "depths": [1]}, "origin": null, "tool": "mine"}'
    np.savez(path, **arrays, **{KEY: np.array(label)})
    with pytest.raises(FileError, match=r"net\.npz: block must be one of basic, bottleneck"):
        files.read(path)
    np.savez(path, **arrays, **{KEY: np.array("my notes")})
    with pytest.raises(FileError, match=r"net\.npz: the label resnet_duet is none of ours"):
        files.read(path)


def test_a_missing_file_and_an_unknown_ending_are_told(tmp_path):
    with pytest.raises(FileError, match=r"none\.pth does not exist"):
        files.read(tmp_path / "none.pth")
    with pytest.raises(FileError, match="is no file"):
        files.read(tmp_path)
    (tmp_path / "net.bin2").touch()
    with pytest.raises(FileError, match=r"the ending must be one of \.pth"):
        files.read(tmp_path / "net.bin2")


def test_a_target_that_exists_is_left_alone_unless_told(write):
    path, _ = write(".safetensors")
    before = path.read_bytes()
    with pytest.raises(FileError, match="say --overwrite"):
        write(".safetensors", np.float64)
    assert path.read_bytes() == before
    write(".safetensors", np.float64, overwrite=True)
    assert path.read_bytes() != before


def test_a_target_that_cannot_be_is_told(tmp_path):
    with pytest.raises(FileError, match="there is no such folder"):
        files.writable(tmp_path / "none" / "net.npz", None, overwrite=True)
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        files.writable(tmp_path / "folder.npz", None, overwrite=True)
    with pytest.raises(FileError, match="the ending must be one of"):
        files.writable(tmp_path / "net.doc", None, overwrite=True)


def test_a_format_of_one_dialect_says_so(write, tmp_path, weights):
    with pytest.raises(FileError, match="not written in dialect torchvision"):
        files.write(tmp_path / "x.keras", Arrays.of(weights), LABEL, "torchvision", False)
    with pytest.raises(FileError, match="ONNX files are not written in dialect huggingface"):
        files.writable(tmp_path / "x.onnx", "huggingface", overwrite=False)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from resnet_duet.errors import FileError
from resnet_duet.port import files
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.label import Label
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
    files.write(Path(sys.argv[1]), Arrays.of(arrays), Label(spec, None, "test"), sys.argv[2], True)
except FileError as error:
    print(error)
"""


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


def test_the_label_s_record_does_not_disturb_the_archive(write):
    for ending in (".pth", ".keras"):
        with zipfile.ZipFile(write(ending)[0]) as archive:
            assert archive.testzip() is None
            assert sum(name.endswith("resnet_duet.json") for name in archive.namelist()) == 1


def test_bfloat16_of_safetensors_is_kept(tmp_path, weights):
    from safetensors.torch import load_file, save_file

    state = {n: torch.from_numpy(a).bfloat16() for n, a in weights.items()}
    save_file(state, tmp_path / "half.safetensors")
    arrays = files.read(tmp_path / "half.safetensors").arrays
    files.write(tmp_path / "again.safetensors", arrays, LABEL, "torchvision", False)
    again = load_file(tmp_path / "again.safetensors")
    assert all(again[name].equal(state[name]) for name in state)


@pytest.mark.parametrize("dtype", ["complex64", "int64", "U3", "bool"])
def test_arrays_that_are_no_weights_are_listed(tmp_path, dtype):
    np.savez(tmp_path / "odd.npz", a=np.zeros(2, dtype), b=np.zeros(2), c=np.ones(1, dtype))
    with pytest.raises(FileError, match=r"no weights: a \(.*\), c \(") as caught:
        open_checkpoint(tmp_path / "odd.npz", None, None, AS_FILED)
    assert " b " not in str(caught.value)


def test_a_pickle_that_contains_itself_is_told(tmp_path):
    tree = {}
    tree["model"] = tree
    torch.save(tree, tmp_path / "self.pth")
    with pytest.raises(FileError, match="containers stand one in another"):
        files.read(tmp_path / "self.pth")


def test_keys_that_are_no_words_are_left_out_or_refused(tmp_path):
    torch.save({"state_dict": {"a": torch.zeros(1)}, 3: "x"}, tmp_path / "a.pth")
    assert files.read(tmp_path / "a.pth").left_out == ("3",)
    torch.save({0: torch.zeros(1)}, tmp_path / "b.pth")
    assert list(files.read(tmp_path / "b.pth").arrays) == ["0"]


CHANGED = [  # a network that Keras itself saves, and the one of the zoo with the same arrays
    (resnet_spec.get("resnet50_v1"), "resnet50_v1"),
    (resnet_spec.get("cifar_plain20"), "cifar_plain20"),
    (resnet_spec.get("cifar_resnet20_a_end"), "cifar_resnet20_a_end"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "name"), CHANGED)
def test_a_keras_file_s_own_configuration_decides_between_networks(tmp_path, spec, name):
    import keras

    resnet_tf.build(spec).save(tmp_path / "plain.keras")  # by Keras, so without a spec
    _, identity = open_checkpoint(tmp_path / "plain.keras", None, None, AS_FILED)
    assert (identity.name, identity.rivals, identity.doubtful) == (name, (), False)
    opened = keras.models.load_model(tmp_path / "plain.keras")
    assert resnet_duet.models.spec_of(opened) == spec


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
def test_a_keras_file_s_own_configuration_makes_another_network_of_the_same_arrays(
    tmp_path, name, choices
):
    spec = resnet_spec.get(name, **choices)
    model = resnet_tf.build(thin(spec))
    model.save(tmp_path / "x.keras")
    _, identity = open_checkpoint(tmp_path / "x.keras", None, None, AS_FILED)
    assert identity.spec == model.spec


def test_a_configuration_that_is_no_resnet_s_is_told(tmp_path):
    model = resnet_tf.build("cifar_resnet20_b")
    model.get_layer("layer2.1.conv1").dilation_rate = (3, 3)
    model.save(tmp_path / "x.keras")
    with pytest.raises(FileError, match=r"is another network: layer2.1.conv1 has dilation_rate"):
        resnet_duet.load(tmp_path / "x.keras", into="keras")


def test_a_text_that_is_called_pth_is_no_pickle_that_runs_code(tmp_path):
    (tmp_path / "page.pth").write_text("<!DOCTYPE html><html></html>")
    with pytest.raises(FileError, match="is damaged, or no file of PyTorch's"):
        files.read(tmp_path / "page.pth")


def test_a_checkpoint_that_may_be_several_networks_is_loaded_with_a_warning(tmp_path):
    weights = resnet_duet.random_weights("cifar_resnet20", 0)
    np.savez(tmp_path / "net.npz", **weights)
    with pytest.warns(UserWarning, match="taken for cifar_resnet20; .*cifar_plain20 would fit"):
        net = resnet_duet.load(tmp_path / "net.npz", into="torch")
    assert net.spec == resnet_spec.get("cifar_resnet20")
    resnet_duet.load(tmp_path / "net.npz", into="torch", spec="cifar_plain20")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_may_be_read_by_whom_the_user_s_umask_says(write, tmp_path, ending):
    path, _ = write(ending)
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode
