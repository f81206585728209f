"""Invalid input is a summary, at most some details, and status 2; nothing is written."""

import subprocess
import sys

import pytest
import torch
from click.testing import CliRunner

from resnet_duet.cli import main
from resnet_duet.cli.group import BUG, INTERRUPTED, PIPE_CLOSED
from resnet_duet.errors import MismatchError
from resnet_spec import ResNetError
from support.command import COMMAND, invoke, run

INVALID = [  # arguments, what the message says
    (["show", "resnet5"], "did you mean resnet50"),
    (["show", "none.json"], "none.json cannot be read: No such file"),
    (["show", "binary.json"], "binary.json cannot be read: it is not text"),
    (["show", "half.json"], "half.json: "),
    (["show", "resnet18", "--set", "groups=0"], "groups must be a positive"),
    (["show", "resnet18", "--set", "groups=0", "--set", "padding=no"], "padding must be one of"),
    (["show", "resnet18", "--size", "0x9"], "--size takes HEIGHTxWIDTH"),
    (["show", "resnet18", "--code", "torch", "--layers"], "--code prints source code"),
    (["show", "resnet18", "--code", "torch", "--size", "8x8"], "--code prints source code"),
    (["convert", "none.pth", "x.npz"], "none.pth"),
    (["convert", "net.pth", "x.doc"], ".pth"),
    (["convert", "net.pth", "none/x.npz"], "none"),
    (["convert", "net.pth", "old.npz"], "--overwrite"),
    (["convert", "net.pth", "x.npz", "--to", "caffe"], "caffe"),
    (["convert", "net.pth", "x.npz", "--from", "keras"], "net.pth"),
    (["convert", "net.pth", "x.npz", "--spec", "resnet18"], "resnet18"),
    (["convert", "net.pth", "x.keras", "--to", "torchvision"], "torchvision"),
    (["convert", "cut.pth", "x.npz"], "cut.pth"),
    (["convert", "other.npz", "x.npz"], "other.npz"),
    (["convert", "net.pth", "old.npz", "--to", "keras", "--verify"], "old.npz"),
    (["convert", "net.pth", "x" * 300 + ".npz"], "File name too long"),
    (["verify", "x" * 300 + ".npz"], "File name too long"),
    (["verify", "odd[bold].npz"], "odd[bold].npz"),
    (["verify", "none.pth"], "none.pth"),
    (["verify", "net.pth", "cut.pth"], "cut.pth"),
    (["demo", "--out", "old.npz"], "old.npz"),
    (["demo", "--epochs", "0"], "'--epochs'"),
    (["convert", "net.pth", "old.npz", "x.npz"], "pass --format ENDING"),
    (["convert", "*.onnx.gz", ".", "--format", "npz"], "*.onnx.gz"),
    (["convert", "net.pth", "x.npz", "--set", "depths=[3,3,4]"], "missing"),
    (["convert", "net.pth", "x.npz", "--no-head", "--num-classes", "3"], "exclude each other"),
    (["convert", "net.pth", "x.npz", "--dtype", "bfloat16"], "bfloat16"),
    (["convert", "net.pth", "x.onnx", "--input-layout", "CHWN"], "'--input-layout'"),
    (["convert", "net.pth", "x.npz", "--input-layout", "NHWC"], ".onnx"),
    (["verify", "net.pth", "net.onnx"], "net.onnx"),
    (["inspect", "cut.pth"], "cut.pth"),
]


@pytest.mark.parametrize(("arguments", "words"), INVALID)
def test_invalid_input_is_reported_and_nothing_is_written(
    bad_folder, monkeypatch, arguments, words
):
    monkeypatch.chdir(bad_folder)
    before = {path.name: path.read_bytes() for path in bad_folder.iterdir()}
    result = invoke(*arguments, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("resnet-duet: ")
    assert words in result.stderr
    first, *details = result.stderr.splitlines()
    assert len(first) < 1000
    assert all(line.startswith("  ") for line in details)
    assert {path.name: path.read_bytes() for path in bad_folder.iterdir()} == before


def failing_with(monkeypatch, error: Exception):
    """Make `list` fail with an error."""

    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr("resnet_duet.cli.list.matching", fail)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ResNetError("it is invalid"), 2),
        (OSError(28, "No space left on device", "out.npz"), 2),
        (MismatchError("the networks differ"), 1),
        (ZeroDivisionError("division by zero"), BUG),
    ],
)
@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_status_1_means_that_networks_differ_and_nothing_else(monkeypatch, error, status, debug):
    failing_with(monkeypatch, error)
    stderr = invoke(*debug, "list", code=status).stderr
    assert ("Traceback" in stderr) is (bool(debug) or status == BUG)
    assert ("this is a bug" in stderr) is (status == BUG)


def test_an_error_of_the_system_names_its_file(monkeypatch):
    failing_with(monkeypatch, OSError(28, "No space left on device", "out.npz"))
    assert invoke("list", code=2).stderr == "resnet-duet: out.npz: No space left on device\n"


def test_debug_prints_the_whole_chain_of_an_error(monkeypatch, tmp_path):
    assert "Traceback" not in invoke("show", tmp_path / "x.json", code=2).stderr
    stderr = invoke("--debug", "show", tmp_path / "x.json", code=2).stderr
    assert "FileNotFoundError" in stderr
    assert "direct cause of the following exception" in stderr


def test_a_summary_is_followed_by_indented_details_that_fit_the_terminal(monkeypatch):
    details = [f"missing: layer{n}.0.conv1.weight of shape (64, 64, 3, 3)" for n in range(3)]
    failing_with(monkeypatch, ResNetError("x.pth does not match"))
    monkeypatch.setattr(ResNetError, "__str__", lambda _: "\n".join(["x.pth", *details]))
    lines = invoke("list", code=2, COLUMNS="40").stderr.splitlines()
    assert lines[0] == "resnet-duet: x.pth"
    assert len(lines) == 7
    assert all(line.startswith("  ") and len(line) <= 40 for line in lines[1:])


def test_mismatched_arrays_are_listed_one_per_line(bad_folder, net, tmp_path, monkeypatch):
    state = dict(net.state_dict())
    state["extra.weight"] = state.pop("bn1.bias")
    state["fc.weight"] = state["fc.weight"].T.contiguous()
    torch.save(state, tmp_path / "wrong.pth")
    monkeypatch.chdir(tmp_path)
    stderr = invoke("convert", "wrong.pth", "x.npz", "--spec", "cifar_resnet20_b", code=2).stderr
    assert "1 missing" in stderr
    for name in ("bn1.bias", "extra.weight", "fc.weight"):
        assert name in stderr
    assert not (tmp_path / "x.npz").exists()


HIDE = "import sys; sys.modules[{0!r}] = None; from resnet_duet.cli import main; main()"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "arguments", "hint"),
    [
        ("torch", ["verify", "net.pth"], "pip install 'resnet-duet[torch]'"),
        ("onnx", ["inspect", "net.onnx"], "pip install 'resnet-duet[onnx]'"),
        ("onnx", ["convert", "net.pth", "x.onnx"], "pip install 'resnet-duet[onnx]'"),
        ("keras", ["convert", "net.pth", "x.keras"], "pip install 'resnet-duet[tf]'"),
        ("torch", ["differences", "norm_eps"], "pip install 'resnet-duet[torch]'"),
        ("keras", ["differences", "norm_eps"], "pip install 'resnet-duet[tf]'"),
        ("sklearn", ["demo", "--out", "new"], "pip install 'resnet-duet[demo]'"),
    ],
)
def test_a_missing_package_is_reported_with_the_command_that_installs_it(
    bad_folder, package, arguments, hint
):
    before = sorted(path.name for path in bad_folder.iterdir())
    result = subprocess.run(
        [sys.executable, "-c", HIDE.format(package), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=bad_folder,
    )
    assert result.returncode == 2
    assert hint in " ".join(result.stderr.split())  # the message may be wrapped
    assert result.stderr.startswith("resnet-duet: ")
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in bad_folder.iterdir()) == before


def test_an_interrupted_command_has_the_status_of_a_shell(monkeypatch):
    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("resnet_duet.cli.list.matching", interrupt)
    result = CliRunner().invoke(main, ["list"])
    assert result.exit_code == INTERRUPTED
    assert "Traceback" not in result.stderr


def test_an_encoding_without_the_signs_replaces_them(bad_folder, tmp_path):
    target = tmp_path / "new.npz"
    out = run("convert", bad_folder / "net.pth", target, PYTHONIOENCODING="iso8859-2")
    assert out.startswith(f"? {target}  107 tensors ? 274 k values ? ")


def test_a_closed_pipe_is_no_error():
    with subprocess.Popen(
        [*COMMAND, "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == PIPE_CLOSED
