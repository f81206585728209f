"""The command as people and programs use it, in processes of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet.port import files
from worlds import bits

COMMAND = [sys.executable, "-m", "resnet_duet"]


def run(*arguments, cwd=None, code=0, **environment):
    """stdout of the command, which must end with this status and, on failure, with one line."""
    result = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )
    assert result.returncode == code, result.stderr
    if code == 2:
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        return result.stderr
    assert result.stderr == ""
    return result.stdout


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return resnet_torch.build("cifar_resnet20_b")


@pytest.fixture
def checkpoint(tmp_path, net):
    torch.save(net.state_dict(), tmp_path / "net.pth")
    return tmp_path / "net.pth"


def test_list_names_the_zoo():
    rows = json.loads(run("list", "--json"))
    assert [row["name"] for row in rows] == resnet_spec.names()
    assert rows[0]["parameters"] == 11_689_512
    assert "resnext50_32x4d" in run("list")


def test_show_prints_the_table():
    out = run("show", "resnet50")
    assert "25,557,032 parameters" in out
    assert "[1x1, 256  3x3, 256  1x1, 1024] x 6" in out


def test_show_takes_choices_sizes_layers_and_speaks_json(tmp_path):
    out = run("show", "resnet50", "--set", "output_stride=8", "--set", "padding=same", "--layers")
    assert "3x3, 512, dilation 4 (same)" in out
    shown = json.loads(run("show", "resnet18", "--size", "64x96", "--json"))
    assert shown["size"] == [64, 96]
    assert shown["rows"][1]["output"] == "16x24x64"
    (tmp_path / "my.json").write_text(json.dumps(shown["spec"]))
    assert "11,689,512 parameters" in run("show", tmp_path / "my.json")


@pytest.mark.slow
def test_convert_goes_there_and_back_bit_for_bit(checkpoint, net):
    folder = checkpoint.parent
    out = run("convert", checkpoint, folder / "net.weights.h5", "--verify")
    assert "the same function in both frameworks" in out
    assert f"{checkpoint}: cifar_resnet20_b in dialect torchvision" in out
    assert "left out: bn1.num_batches_tracked, " in out
    out = run("convert", folder / "net.weights.h5", folder / "[back].safetensors")
    assert f"{folder / 'net.weights.h5'}: cifar_resnet20_b in dialect keras" in out
    (folder / "[back].safetensors").rename(folder / "back.safetensors")
    assert bits(files.read(folder / "back.safetensors").arrays) == bits(resnet_torch.read(net))


def test_convert_tells_a_program_what_it_did(checkpoint):
    target = checkpoint.parent / "net.npz"
    facts = json.loads(run("convert", checkpoint, target, "--to", "keras", "--json"))
    assert (facts["network"], facts["from"], facts["to"]) == (
        "cifar_resnet20_b", "torchvision", "keras"
    )  # fmt: skip
    assert facts["spec"]["widths"] == [16, 32, 64]
    assert "conv1/kernel" in files.read(target).arrays


@pytest.mark.slow
def test_verify_one_file_in_both_frameworks(checkpoint):
    out = run("verify", checkpoint)
    assert [line.split()[0] for line in out.splitlines()[2:8]] == [
        "part", "stem", "layer1", "layer2", "layer3", "head"
    ]  # fmt: skip
    assert "The same function: 75 outputs agree within 1e-10 in float64." in out


@pytest.mark.slow
def test_verify_two_files_that_agree_and_two_that_do_not(checkpoint, net):
    folder = checkpoint.parent
    run("convert", checkpoint, folder / "net.keras")
    found = json.loads(run("verify", checkpoint, folder / "net.keras", "--json"))
    assert found["same"]
    assert len(found["layers"]) == 75
    changed = {n: t.clone() for n, t in net.state_dict().items()}
    changed["layer3.1.conv2.weight"][0] *= 1.0001
    changed["fc.bias"][0] = float("nan")
    torch.save(changed, folder / "changed.pth")
    out = run("verify", folder / "net.keras", folder / "changed.pth", code=1)
    assert "Not the same function: they part in layer3.1.conv2" in out


@pytest.mark.slow
def test_a_spec_decides_what_weights_cannot_tell(tmp_path):
    weights = resnet_duet.random_weights("cifar_resnet20", 0, norms="random")
    np.savez(tmp_path / "net.npz", **weights)
    spec = resnet_spec.get("cifar_plain20")
    (tmp_path / "plain.json").write_text(spec.to_json())
    out = run("convert", tmp_path / "net.npz", tmp_path / "a.npz")
    assert "the same arrays would fit cifar_resnet20_a_end, cifar_plain20; --spec decides" in out
    run("convert", tmp_path / "net.npz", tmp_path / "b.npz", "--spec", tmp_path / "plain.json")
    assert files.read(tmp_path / "b.npz").spec == spec
    run("verify", tmp_path / "a.npz", tmp_path / "b.npz", code=1)


@pytest.mark.slow
def test_the_demo_proves_the_main_job(tmp_path):
    facts = json.loads(run("demo", "--epochs", "1", "--out", tmp_path / "out", "--json"))
    assert facts["same_predictions"] == facts["held_out"] == 360
    assert facts["correct_torch"] == facts["correct_keras"]
    assert facts["logit_error"] <= 1e-10
    assert facts["way_back_exact"]
    assert all(Path(file).is_file() for file in facts["files"])


def test_inspect_says_what_a_file_is_and_what_its_weights_cannot_tell(checkpoint, net):
    out = run("inspect", checkpoint)
    assert f"{checkpoint}: cifar_resnet20_b in dialect torchvision" in out
    assert "272,474 parameters" in out
    assert "107 arrays, 274,042 numbers: 107 of float32" in out
    assert "weights cannot tell these; taken by the habit of torchvision:" in out
    assert "--set padding=" in out
    found = json.loads(run("inspect", checkpoint, "--json"))
    assert (found["network"], found["dialect"], found["arrays"]) == (
        "cifar_resnet20_b", "torchvision", 107
    )  # fmt: skip
    assert found["label"] is None
    assert {"path": "padding", "taken": "symmetric", "alternatives": ["same"]}.items() <= next(
        item for item in found["unseen"] if item["path"] == "padding"
    ).items()


def test_inspect_reads_what_a_converted_file_says_of_itself_and_counts_nan(checkpoint, net):
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    state["fc.bias"][:2] = float("nan")
    torch.save(state, checkpoint)
    target = checkpoint.with_name("net.safetensors")
    out = run("convert", checkpoint, target, "--set", "norm_eps=1e-3", "--dtype", "float16")
    assert "fc.bias: 2 numbers are NaN or infinite" in out
    assert "107 arrays of float16 in dialect torchvision" in out
    out = run("inspect", target)
    assert "fc.bias: 2 numbers are NaN or infinite" in out
    assert "from net.pth, sha256 " in out
    assert "taken as the file says of itself" in out
    found = json.loads(run("inspect", target, "--json"))
    assert found["spec"]["norm_eps"] == 1e-3
    assert found["label"]["origin"]["name"] == "net.pth"
    assert found["nonfinite"] == {"fc.bias": 2}


def test_a_head_is_left_out_or_made_anew_on_request(checkpoint):
    bare, new = checkpoint.with_name("bare.npz"), checkpoint.with_name("new.npz")
    assert "fc.bias" in run("convert", checkpoint, bare, "--no-head")
    assert not any(name.startswith("fc.") for name in files.read(bare).arrays)
    run("convert", bare, new, "--num-classes", "5")
    assert files.read(new).arrays["fc.weight"].shape == (5, 64)
    assert json.loads(run("inspect", bare, "--json"))["spec"]["num_classes"] is None


def test_many_files_are_converted_at_once_and_a_bad_one_is_told_and_passed_over(
    bad_folder, tmp_path
):
    arguments = ["convert", bad_folder / "net.pth", bad_folder / "cut.pth", tmp_path]
    result = subprocess.run(
        [*COMMAND, *map(str, arguments), "--format", "npz"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "1 converted, 1 failed" in result.stdout
    assert result.stderr.startswith(f"resnet-duet: {bad_folder / 'cut.pth'}: it is damaged")
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]
    pattern = [str(bad_folder / "ne*.pth"), str(tmp_path), "--format", ".safetensors", "--json"]
    found = json.loads(run("convert", *pattern))
    assert [row["network"] for row in found["converted"]] == ["cifar_resnet20_b"]
    assert found["failed"] == []


def test_folded_biases_are_another_spec_of_the_same_function(tmp_path):
    weights = resnet_duet.random_weights("mlperf_resnet8", 0, norms="random")
    np.savez(tmp_path / "a.npz", **weights)
    facts = json.loads(
        run("convert", tmp_path / "a.npz", tmp_path / "b.h5", "--fold-bias", "--json")
    )
    assert facts["spec"]["bias"] == "without_norm"
    assert facts["arrays"] == 41


BAD = [  # arguments, what the one line must say
    (["show", "resnet5"], "did you mean resnet50"),
    (["show", "none.json"], "none.json cannot be read"),
    (["show", "half.json"], "half.json: the spec is not JSON"),
    (["show", "resnet18", "--set", "groups=0", "--set", "padding=no"], "groups must be a positive"),
    (["show", "resnet18", "--set", "groups=0", "--set", "padding=no"], "padding must be one of"),
    (["show", "resnet18", "--set", "colour"], "--set takes CHOICE=VALUE"),
    (["show", "resnet18", "--set", "stem=3", "--set", "stem.pool=zero"], "stem.pool is a part of"),
    (["show", "resnet18", "--size", "0x9"], "--size takes HEIGHTxWIDTH"),
    (["convert", "none.pth", "x.npz"], "none.pth does not exist"),
    (["convert", "net.pth", "x.doc"], "the ending must be one of .pth"),
    (["convert", "net.pth", "none/x.npz"], "there is no such folder"),
    (["convert", "net.pth", "old.npz"], "old.npz exists; say --overwrite"),
    (["convert", "net.pth", "x.npz", "--to", "caffe"], "there is no dialect 'caffe'"),
    (["convert", "net.pth", "x.npz", "--from", "keras"], "no known network fits"),
    (["convert", "net.pth", "x.npz", "--spec", "resnet18"], "the nearest is resnet18"),
    (
        ["convert", "net.pth", "x.keras", "--to", "torchvision"],
        "Keras 3 model files are not written in dialect torchvision",
    ),
    (["convert", "cut.pth", "x.npz"], "cut.pth: it is damaged: it begins as a zip"),
    (["convert", "harmful.pth", "x.npz"], "its pickle wants to run code"),
    (["convert", "other.npz", "x.npz"], "other.npz: no known network fits"),
    (["convert", "net.pth", "old.npz", "--to", "keras", "--verify"], "old.npz exists"),
    (["convert", "net.pth", "x" * 300 + ".npz"], "File name too long"),
    (["verify", "x" * 300 + ".npz"], "File name too long"),
    (["verify", "odd[bold].npz"], "odd[bold].npz: it holds arrays that are no weights: x (int64)"),
    (["verify", "none.pth"], "none.pth does not exist"),
    (["verify", "net.pth", "cut.pth"], "cut.pth: it is damaged"),
    (["demo", "--out", "old.npz"], "old.npz"),
    (["convert", "net.pth", "old.npz", "x.npz"], "many files need --format ENDING"),
    (["convert", "net.pth", "none", "--format", "npz"], "none is no folder for many files"),
    (["convert", "*.onnx.gz", ".", "--format", "npz"], "there is no checkpoint"),
    (["convert", "net.pth", "x.npz", "--set", "depths=[3,3,4]"], "the arrays do not fit"),
    (["convert", "net.pth", "x.npz", "--set", "padding=no"], "padding must be one of"),
    (["convert", "net.pth", "x.npz", "--no-head", "--num-classes", "3"], "exclude each other"),
    (["convert", "net.pth", "x.npz", "--dtype", "bfloat16"], "say --dtype float32"),
    (["convert", "net.pth", "x.onnx", "--dtype", "bfloat16"], "ONNX files hold no bfloat16"),
    (["convert", "net.pth", "x.onnx", "--to", "keras"], "are not written in dialect keras"),
    (["convert", "net.pth", "x.onnx", "--image", "CHWN"], "Invalid value for '--image'"),
    (["convert", "net.pth", "x.npz", "--image", "NHWC"], "can be asked of .onnx files only"),
    (["verify", "net.pth", "net.onnx"], "net.onnx holds no arrays"),
    (["inspect", "cut.pth"], "cut.pth: it is damaged"),
    (["inspect", "headless.npz", "--spec", "resnet18"], "the nearest is resnet18"),
    (["convert", "headless.npz", "x.npz"], "say --no-head for the network without one"),
]


HEADLESS = resnet_spec.get("cifar_resnet20_b", num_classes=None)


class Harmful:
    def __reduce__(self):
        return os.system, ("touch harmed",)


@pytest.fixture(scope="module")
def bad_folder(tmp_path_factory, net):
    folder = tmp_path_factory.mktemp("bad")
    torch.save(net.state_dict(), folder / "net.pth")
    content = (folder / "net.pth").read_bytes()
    (folder / "cut.pth").write_bytes(content[: len(content) // 2])
    torch.save({"state_dict": Harmful()}, folder / "harmful.pth")
    np.savez(folder / "other.npz", x=np.zeros(3))
    (folder / "old.npz").write_bytes(b"old")
    (folder / "half.json").write_text('{"block": "bas')
    np.savez(folder / "odd[bold].npz", x=np.zeros(3, np.int64))
    (folder / "net.onnx").touch()
    np.savez(folder / "headless.npz", **resnet_duet.random_weights(HEADLESS, 0))
    return folder


@pytest.mark.parametrize(("arguments", "line"), BAD)
def test_bad_input_is_one_clear_line_and_status_2_and_nothing_is_written(
    bad_folder, arguments, line
):
    before = {p.name: p.read_bytes() for p in bad_folder.iterdir()}
    stderr = run(*arguments, cwd=bad_folder, code=2)
    assert line in stderr
    assert {p.name: p.read_bytes() for p in bad_folder.iterdir()} == before
    if not stderr.startswith("Usage:"):
        assert stderr.startswith("resnet-duet: ")
        assert stderr.count("\n") == 1


def test_every_array_that_does_not_fit_is_listed(bad_folder, net, tmp_path):
    state = dict(net.state_dict())
    state["extra.weight"] = state.pop("bn1.bias")
    state["fc.weight"] = state["fc.weight"].T.contiguous()
    torch.save(state, tmp_path / "wrong.pth")
    stderr = run(
        "convert", "wrong.pth", "x.npz", "--spec", "cifar_resnet20_b", cwd=tmp_path, code=2
    )
    assert "1 missing: bn1.bias; 1 unexpected: extra.weight; 1 misshapen: fc.weight" in stderr
    assert not (tmp_path / "x.npz").exists()


HIDE = "import sys; sys.modules[{0!r}] = None; from resnet_duet.cli import main; main()"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "arguments", "line"),
    [
        ("torch", ["verify", "net.pth"], "pip install 'resnet-duet[torch]'"),
        ("onnx", ["inspect", "net.onnx"], "pip install 'resnet-duet[onnx]'"),
        ("onnx", ["convert", "net.pth", "x.onnx"], "pip install 'resnet-duet[onnx]'"),
        ("tensorflow", ["convert", "net.pth", "x.keras"], "pip install 'resnet-duet[tf]'"),
        ("tensorflow", ["verify", "net.pth"], "this needs tensorflow"),
        ("torch", ["differences", "norm_eps"], "pip install 'resnet-duet[torch]'"),
        ("tensorflow", ["differences", "norm_eps"], "pip install 'resnet-duet[tf]'"),
        ("sklearn", ["demo", "--out", "new"], "pip install 'resnet-duet[demo]'"),
    ],
)
def test_a_missing_framework_is_told_with_the_command_that_installs_it(
    bad_folder, package, arguments, line
):
    before = sorted(p.name for p in bad_folder.iterdir())
    result = subprocess.run(
        [sys.executable, "-c", HIDE.format(package), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=bad_folder,
    )
    assert result.returncode == 2
    assert line in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(p.name for p in bad_folder.iterdir()) == before


def test_debug_shows_where_an_error_came_from():
    result = subprocess.run(
        [*COMMAND, "--debug", "show", "resnet5"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "Traceback" in result.stderr
