"""`verify` and `diagnose` as people and programs use them."""

import json

import pytest
from click.testing import CliRunner

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from command import run
from resnet_duet.cli import main

NAME = "mlperf_resnet8"  # small, and its convolutions have biases
WRONG = resnet_spec.get(NAME, norm_eps=1e-5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """right.pth, wrong.h5 (another eps), wrong.py (the same as a function), broken code."""
    folder = tmp_path_factory.mktemp("proof")
    weights = resnet_duet.random_weights(NAME, 0, norms="random")
    right, wrong = resnet_torch.build(NAME, "float64"), resnet_tf.build(WRONG, "float64")
    resnet_torch.write(right, weights)
    resnet_tf.write(wrong, resnet_duet.convert(weights, WRONG, "torchvision", "keras"))
    resnet_duet.save(right, folder / "right.safetensors")
    resnet_duet.save(wrong, folder / "wrong.weights.h5")
    (folder / "mine.py").write_text(
        "import numpy as np, resnet_duet\n"
        "model = resnet_duet.load('wrong.weights.h5', into='keras')\n"
        "wrong = resnet_duet.Function(lambda x: model(x, training=False), 'NHWC', None)\n"
        "def bare(x): return x\n"
        "nan = resnet_duet.Function(lambda x: np.full((2, 10), np.nan), 'NHWC', None)\n"
    )
    return folder


@pytest.mark.slow
def test_verify_takes_a_function_from_somebodys_code(folder):
    out = run("verify", "right.safetensors", "mine.py:wrong", cwd=folder, code=1)
    assert "Not the same function: they part in fc" in out
    run("verify", "wrong.weights.h5", "mine.py:wrong", cwd=folder)


@pytest.mark.slow
def test_verify_writes_a_report_and_says_how_to_repeat_it(folder):
    arguments = ("right.safetensors", "wrong.weights.h5", "--report", "page.html", "--json")
    found = json.loads(run("verify", *arguments, cwd=folder, code=1))
    page = (folder / "page.html").read_text()
    assert not found["same"]
    assert "resnet-duet verify right.safetensors wrong.weights.h5 --report page.html" in page
    first = next(row["layer"] for row in found["layers"] if not row["same"])
    assert first == "bn1"
    assert '<code id="parting">bn1</code>' in page
    (folder / "page.html").unlink()


@pytest.mark.slow
def test_diagnose_names_the_difference_and_the_line_that_mends_it(folder):
    out = run("diagnose", "right.safetensors", "mine.py:wrong", cwd=folder, code=1)
    assert "norm_eps: norm_eps is 1e-05, not 0.001" in out
    assert "to mend it: BatchNormalization(epsilon=0.001)" in out
    found = json.loads(
        run("diagnose", "right.safetensors", "wrong.weights.h5", "--json", cwd=folder, code=1)
    )
    ((culprit,),) = found["explanations"]
    assert culprit["difference"] == "norm_eps"
    assert culprit["layers"][0] == "bn1"
    assert culprit["share"] == 1


@pytest.mark.slow
def test_diagnose_blames_nothing_where_nothing_is_wrong(folder):
    out = run("diagnose", "right.safetensors", "right.safetensors", cwd=folder)
    assert "There is nothing to blame." in out


BAD = [
    (["verify", "mine.py:wrong"], "say what it is to be compared with"),
    (["verify", "mine.py:bare", "right.safetensors"], "a function cannot be compared"),
    (["diagnose", "mine.py:wrong", "right.safetensors"], "cannot be the reference"),
    (["diagnose", "right.safetensors", "mine.py:nan"], "gives NaN or infinity"),
    (["diagnose", "right.safetensors", "none.pth"], "none.pth does not exist"),
    (["verify", "right.safetensors", "--report", "page.pdf"], "must end in .html"),
    (["verify", "right.safetensors", "--report", "mine.py"], "must end in .html"),
    (["verify", "right.safetensors", "--seeds", "0"], "Invalid value for '--seeds'"),
]


@pytest.mark.parametrize(("arguments", "line"), BAD)
def test_bad_input_is_one_clear_line_and_status_2(folder, monkeypatch, arguments, line):
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, arguments)  # in this process, which has both frameworks
    assert result.exit_code == 2
    assert result.stdout == ""
    assert line in result.stderr
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
