"""`verify` and `diagnose`."""

import json
import sys
from dataclasses import replace

import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from support.command import invoke
from support.whole_models import SPEC, leaky, networks, rebuilt, save_keras, save_torch

NAME = "mlperf_resnet8"  # small, and its convolutions have biases
WRONG = resnet_spec.get(NAME, norm_eps=1e-5)
CODE = """
import numpy as np, resnet_duet
model = resnet_duet.load('wrong.weights.h5', into='keras')
wrong = resnet_duet.Function(lambda x: model(x, training=False), 'NHWC', None)
def bare(x): return x
nan = resnet_duet.Function(lambda x: np.full((2, 10), np.nan), 'NHWC', None)
print('a line of user code')
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """right.safetensors, wrong.weights.h5 with another eps, the same in mine.py."""
    folder = tmp_path_factory.mktemp("networks")
    weights = resnet_duet.random_weights(NAME, 0, norms="random")
    right, wrong = resnet_torch.build(NAME, "float64"), resnet_tf.build(WRONG, "float64")
    resnet_torch.write(right, weights)
    resnet_tf.write(wrong, resnet_duet.convert(weights, WRONG, "torchvision", "keras"))
    resnet_duet.save(right, folder / "right.safetensors")
    resnet_duet.save(wrong, folder / "wrong.weights.h5")
    other = resnet_torch.build(resnet_spec.get("resnet18", widths=(4, 4, 4, 4)))
    resnet_duet.save(other, folder / "other.safetensors")
    (folder / "mine.py").write_text(CODE)
    return folder


@pytest.fixture
def here(folder, monkeypatch):
    """The folder, as the current one."""
    monkeypatch.chdir(folder)
    return folder


def test_a_match_is_the_first_line_then_a_and_b_then_a_row_for_each_stage(here):
    lines = invoke("verify", "right.safetensors").stdout.splitlines()
    assert lines[0].startswith("✓ Match: all 31 layer outputs agree within 1e-10")
    assert [line.split("  ")[1:3] for line in lines[1:3]] == [
        ["A", "right.safetensors in PyTorch"],
        ["B", "right.safetensors in Keras"],
    ]
    assert lines[4].split()[:4] == ["stage", "output", "worst", "error"]
    assert [line.split()[0] for line in lines[5:10]] == [
        "stem", "layer1", "layer2", "layer3", "head"
    ]  # fmt: skip
    assert all("✓" in line for line in lines[5:10])
    assert "diagnose" not in lines[-1]


@pytest.mark.slow
def test_a_mismatch_suggests_the_command_that_finds_the_cause(here):
    result = invoke("verify", "right.safetensors", "wrong.weights.h5", code=1)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("✗ MISMATCH: first divergence: bn1, relative error ")
    assert "✗" in lines[5]
    assert lines[-1] == "find the cause: resnet-duet diagnose right.safetensors wrong.weights.h5"
    _, command = lines[-1].split(": ")
    assert "✗ Cause found" in invoke(*command.split()[1:], code=1).stdout


@pytest.mark.slow
def test_file_names_are_in_no_heading_and_nothing_is_cut(here):
    name = "a_file_with_quite_a_long_name_as_people_have_them.safetensors"
    (here / name).write_bytes((here / "right.safetensors").read_bytes())
    for columns in ("60", "80", "120"):
        result = invoke("verify", name, "wrong.weights.h5", code=1, COLUMNS=columns)
        lines = result.stdout.splitlines()
        assert all(len(line) <= int(columns) or name in line for line in lines)
        assert "stage  " in result.stdout
        assert "…" not in result.stdout
        assert [line.split()[0] for line in lines if line.startswith(("  A", "  B"))] == ["A", "B"]
    (here / name).unlink()


def test_a_program_gets_every_layer_and_the_first_divergence(here):
    arguments = ("verify", "right.safetensors", "wrong.weights.h5", "--json")
    found = json.loads(invoke(*arguments, code=1).stdout)
    first = next(row for row in found["layers"] if not row["match"])
    assert found["first_divergence"] == first
    assert first["layer"] == "bn1"
    assert set(first) == {"layer", "shape", "error", "tolerance", "match", "reason"}
    assert set(found) == {
        "match", "precision", "networks", "own_functions", "notes", "first_divergence", "sizes",
        "seeds", "layers", "report",
    }  # fmt: skip
    assert (found["match"], found["report"]) == (False, None)


@pytest.mark.slow
def test_a_report_is_announced_and_replaced(here):
    (here / "page.html").write_text("older")
    arguments = ("verify", "right.safetensors", "--report", "page.html")
    assert "report: page.html" in invoke(*arguments).stdout.splitlines()
    assert "<html" in (here / "page.html").read_text()
    assert json.loads(invoke(*arguments, "--json").stdout)["report"] == "page.html"
    (here / "page.html").unlink()


@pytest.mark.slow
def test_a_report_names_the_command_that_reproduces_it(here, monkeypatch):
    arguments = ("verify", "right.safetensors", "--report", "page.html")
    monkeypatch.setattr(sys, "argv", ["resnet-duet", *arguments])
    invoke(*arguments)
    assert f"resnet-duet {' '.join(arguments)}" in (here / "page.html").read_text()
    (here / "page.html").unlink()


def test_user_code_prints_to_stderr_so_that_stdout_is_the_result(here):
    result = invoke("verify", "wrong.weights.h5", "mine.py:wrong", "--json")
    assert json.loads(result.stdout)["match"]
    assert result.stderr == "a line of user code\n"


def test_diagnose_names_the_cause_and_the_fix(here):
    result = invoke("diagnose", "right.safetensors", "mine.py:wrong", code=1)
    first, *lines = result.stdout.splitlines()
    assert first.startswith("✗ Cause found")
    assert "norm_eps" in first
    assert "norm_eps: norm_eps is 1e-05, not 0.001" in lines
    assert any(line.startswith("  fix: BatchNormalization(epsilon=0.001)") for line in lines)
    assert "  more: resnet-duet differences norm_eps" in lines


def test_a_program_gets_the_causes(here):
    arguments = ("diagnose", "right.safetensors", "wrong.weights.h5", "--json")
    found = json.loads(invoke(*arguments, code=1).stdout)
    ((cause,),) = found["explanations"]
    assert cause["difference"] == "norm_eps"
    assert cause["layers"][0] == "bn1"
    assert set(cause) == {"difference", "description", "fix", "layers", "error", "residual_without"}
    assert set(found) == {
        "match", "networks", "precision", "error", "different_architectures", "explanations",
        "residual", "first_divergence", "tried",
    }  # fmt: skip


def test_diagnose_has_nothing_to_do_if_the_outputs_match(here):
    out = invoke("diagnose", "right.safetensors", "right.safetensors").stdout
    assert out.startswith("✓ ")
    assert "nothing to diagnose" in out


def test_two_architectures_are_reported_without_a_search(here):
    result = invoke("diagnose", "right.safetensors", "other.safetensors", code=1)
    assert result.stdout.startswith("✗ Different architectures: mlperf_resnet8 vs ")
    found = invoke("diagnose", "right.safetensors", "other.safetensors", "--json", code=1).stdout
    assert json.loads(found)["tried"] == 0


def test_caveats_name_their_file(here):
    weights = resnet_duet.random_weights("cifar_resnet20", 0, norms="random")
    net = resnet_torch.build("cifar_resnet20")
    resnet_torch.write(net, weights)
    import torch

    torch.save(net.state_dict(), "twofold.pth")
    out = invoke("verify", "twofold.pth", "twofold.pth").stdout
    assert "  twofold.pth: also matches cifar_resnet20_a_end, cifar_plain20; choose with" in out
    assert "num_batches_tracked" not in out


INVALID = [
    (["verify", "mine.py:wrong"], "pass a second network to compare with"),
    (["verify", "right.safetensors", "mine.py"], "mine.py:NAME"),
    (["verify", "mine.py:bare", "right.safetensors"], "cannot be compared"),
    (["diagnose", "mine.py:wrong", "right.safetensors"], "reference"),
    (["diagnose", "right.safetensors", "mine.py:nan"], "NaN"),
    (["diagnose", "right.safetensors", "none.pth"], "none.pth"),
    (["verify", "right.safetensors", "--report", "page.pdf"], "must end in .html"),
    (["verify", "right.safetensors", "--seeds", "0"], "'--seeds'"),
    (["verify", "right.safetensors", "--overwrite"], "No such option"),
]


@pytest.mark.parametrize(("arguments", "words"), INVALID)
def test_invalid_input_is_reported_and_nothing_is_written(here, arguments, words):
    before = {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()}
    result = invoke(*arguments, code=2)
    assert result.stdout == ""
    assert words in result.stderr
    assert {path.name: path.read_bytes() for path in here.iterdir() if path.is_file()} == before


@pytest.mark.slow
def test_a_whole_model_is_run_and_the_result_says_how(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nets = networks()
    resnet_duet.save(nets.torch, "plain.safetensors")
    save_keras(nets.keras, tmp_path / "right.keras")
    save_keras(rebuilt(nets.keras, leaky), tmp_path / "wrong.keras")
    assert (
        "A  right.keras        Keras model, run by Keras"
        in invoke("verify", "right.keras", "plain.safetensors").stdout
    )
    wrong = invoke("verify", "wrong.keras", "plain.safetensors", "--json", code=1).stdout
    assert json.loads(wrong)["own_functions"] == [True, False]
    save_torch(nets.torch, tmp_path / "program.pt2")
    without = invoke("verify", "program.pt2", "plain.safetensors").stdout
    assert "compared with our reading of the file, since the program in it is only run" in without
    assert (
        "run by PyTorch" in invoke("verify", "program.pt2", "plain.safetensors", "--trust").stdout
    )


@pytest.mark.slow
def test_diagnose_takes_a_whole_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    resnet_duet.save(networks().torch, "plain.safetensors")
    save_keras(networks(replace(SPEC, norm_eps=1e-3)).keras, tmp_path / "wrong.keras")
    result = invoke("diagnose", "plain.safetensors", "wrong.keras", code=1)
    assert "norm_eps" in result.stdout
