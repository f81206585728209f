"""Files: every format both ways, spec inside, whole or not at all; damage in one clear line."""

import os
import pickle
import resource
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest
import resnet_duet
import resnet_spec
import torch
from resnet_duet.errors import FileError
from resnet_duet.port import files
from resnet_duet.port.checkpoint import Checkpoint
from worlds import bits

import resnet_tf
import resnet_torch

ENDINGS = [".pth", ".pt", ".th", ".safetensors", ".npz", ".weights.h5", ".keras"]
SPEC = resnet_spec.get("mlperf_resnet8", in_channels=1, num_classes=None)


@pytest.fixture(scope="module")
def weights():
    weights = resnet_duet.random_weights(SPEC, 0, norms="random")
    return {n: a.astype(np.float32) for n, a in weights.items()}


@pytest.fixture
def write(tmp_path, weights):
    """Write the weights as a file of this ending and return its path."""

    def write(ending, dtype=np.float32, overwrite=False):
        path = tmp_path / f"net{ending}"
        dialect = files.writable(path, overwrite=True).dialect
        arrays = {n: a.astype(dtype) for n, a in weights.items()}
        arrays = resnet_duet.convert(arrays, SPEC, "torchvision", dialect)
        files.write(path, Checkpoint(arrays, SPEC), dialect, overwrite)
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


def test_bfloat16_is_widened_exactly(tmp_path, weights):
    state = {n: torch.from_numpy(a).bfloat16() for n, a in weights.items()}
    torch.save(state, tmp_path / "half.pth")
    arrays = files.read(tmp_path / "half.pth").arrays
    assert all(a.dtype == np.float32 for a in arrays.values())
    for name, array in arrays.items():
        assert torch.from_numpy(array).bfloat16().equal(state[name])


def test_wrappers_of_training_scripts_are_taken_off_and_accounted_for(tmp_path):
    net = torch.nn.DataParallel(resnet_torch.build("cifar_resnet20_b"))
    optimizer = torch.optim.SGD(net.parameters(), 0.1)
    torch.save(
        {"state_dict": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3},
        tmp_path / "training.pth",
    )
    found = files.read(tmp_path / "training.pth")
    assert "conv1.weight" in found.arrays
    assert found.left_out[:2] == ("optimizer", "epoch")
    assert "bn1.num_batches_tracked" in found.left_out
    assert resnet_duet.load(tmp_path / "training.pth", into="torch").spec.depths == (3, 3, 3)


def test_a_keras_model_from_a_file_is_recognised_again(tmp_path):
    import keras

    model = resnet_tf.build("cifar_resnet20_b")
    model.save(tmp_path / "plain.keras")  # by Keras, so without a spec
    opened = keras.models.load_model(tmp_path / "plain.keras")
    resnet_duet.save(opened, tmp_path / "net.pth")
    assert files.read(tmp_path / "net.pth").spec == model.spec
    assert resnet_duet.compare(resnet_duet.load(tmp_path / "net.pth", into="torch"), opened).same


@pytest.mark.parametrize("ending", [*ENDINGS, ".h5"])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_told_in_one_line(write, tmp_path, ending, share):
    whole, _ = write(".weights.h5" if ending == ".h5" else ending)
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
    with pytest.raises(FileError, match="allow_pickle=False"):
        files.read(tmp_path / "objects.npz")


def test_an_h5_of_something_else_is_told(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = [1, 2]
    with pytest.raises(FileError, match="no weights of Keras"):
        files.read(tmp_path / "other.h5")


def test_a_pth_without_a_state_dict_is_told(tmp_path):
    torch.save(torch.zeros(3), tmp_path / "tensor.pth")
    with pytest.raises(FileError, match="holds a Tensor and no state_dict"):
        files.read(tmp_path / "tensor.pth")
    torch.save({"epoch": 3}, tmp_path / "empty.pth")
    with pytest.raises(FileError, match="holds no arrays"):
        files.read(tmp_path / "empty.pth")


def test_a_spec_that_was_tampered_with_is_told(write):
    path, arrays = write(".npz")
    np.savez(path, **arrays, resnet_spec=np.array('{"block": "cubic", "depths": [1]}'))
    with pytest.raises(resnet_spec.SpecError, match="block must be one of basic, bottleneck"):
        files.read(path)


def test_a_missing_file_and_an_unknown_ending_are_told(tmp_path):
    with pytest.raises(FileError, match="there is no such file"):
        files.read(tmp_path / "none.pth")
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
        files.writable(tmp_path / "none" / "net.npz", overwrite=True)
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(FileError, match="is a folder"):
        files.writable(tmp_path / "folder.npz", overwrite=True)
    with pytest.raises(FileError, match="the ending must be one of"):
        files.writable(tmp_path / "net.h5", overwrite=True)


def test_a_format_of_one_dialect_says_so(write, tmp_path, weights):
    with pytest.raises(FileError, match="written in dialect keras only"):
        files.write(tmp_path / "x.keras", Checkpoint(weights, SPEC), "torchvision", False)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from resnet_duet.errors import FileError
from resnet_duet.port import files
from resnet_duet.port.checkpoint import Checkpoint
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
    files.write(Path(sys.argv[1]), Checkpoint(arrays, spec), sys.argv[2], True)
except FileError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("ending", "dialect"),
    [(e, "keras" if e in (".weights.h5", ".keras") else "torchvision") for e in ENDINGS[3:]]
    + [(".pth", "torchvision")],
)
def test_a_full_disk_leaves_an_older_file_as_it_was(tmp_path, ending, dialect):
    """No file of the process may pass 100,000 bytes: writing fails half way, as on a full disk."""
    assert resource.RLIMIT_FSIZE is not None
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


def test_the_spec_s_record_does_not_disturb_the_archive(write):
    for ending in (".pth", ".keras"):
        with zipfile.ZipFile(write(ending)[0]) as archive:
            assert archive.testzip() is None
            assert sum(name.endswith("resnet_spec.json") for name in archive.namelist()) == 1
