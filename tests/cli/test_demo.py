"""`demo`, and the functions that it calls."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from resnet_duet import demo
from resnet_duet.datasets import HELD_OUT, load_digits
from support.command import invoke, on_terminal


@pytest.fixture(scope="module")
def one_epoch(tmp_path_factory):
    """The result of one epoch, the stages and the steps that were reported."""
    stages, steps = [], []
    folder = tmp_path_factory.mktemp("demo")
    result = demo.run(folder, 1, stages.append, lambda *step: steps.append(step))
    return result, stages, steps


@pytest.mark.slow
def test_the_demo_passes(one_epoch):
    result, _, _ = one_epoch
    assert result.passed
    assert result.same_predictions == result.held_out == HELD_OUT
    assert result.correct_torch == result.correct_keras
    assert result.logit_error <= 1e-10
    assert result.comparison.match
    assert all(file.is_file() for file in result.files)


@pytest.mark.slow
def test_progress_is_reported_through_callbacks(one_epoch):
    _, stages, steps = one_epoch
    assert stages == list(demo.Stage)
    assert [done for done, _, _ in steps] == list(range(1, 24))
    assert {total for _, total, _ in steps} == {23}
    assert steps[-1][2] < steps[0][2]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"same_predictions": 359},
        {"correct_keras": 0},
        {"logit_error": 1e-9},
        {"round_trip_exact": False},
    ],
)
def test_the_demo_fails_if_anything_differs(one_epoch, monkeypatch, change):
    failed = replace(one_epoch[0], **change)
    assert not failed.passed
    monkeypatch.setattr(demo, "run", lambda *_: failed)
    assert invoke("demo", code=1).stdout.startswith("✗ ")


@pytest.mark.slow
def test_the_command_prints_the_verdict_the_counts_and_the_files(one_epoch, monkeypatch):
    result, _, _ = one_epoch
    monkeypatch.setattr(demo, "run", lambda *_: result)
    first, *lines = invoke("demo").stdout.splitlines()
    assert first.startswith("✓ Match: all 75 layer outputs agree")
    assert f"  same class in both  {HELD_OUT} of {HELD_OUT} test images" in lines
    assert f"  PyTorch file        {result.files[0]}" in lines
    assert f"  Keras file          {result.files[1]}" in lines
    facts = json.loads(invoke("demo", "--json").stdout)
    assert facts["passed"]
    assert facts["files"] == list(map(str, result.files))
    assert set(facts) == {
        "passed", "held_out", "correct_torch", "correct_keras", "same_predictions", "logit_error",
        "layers_match", "round_trip_exact", "files",
    }  # fmt: skip


@pytest.mark.long
@pytest.mark.slow
def test_on_a_terminal_bars_show_the_stages(tmp_path):
    out = on_terminal(100, "demo", "--epochs", "1", "--out", tmp_path / "out")
    for title in ("training on handwritten digits", "converting to Keras", "comparing", "loss"):
        assert title in out
    assert "✓" in out
    assert (Path(tmp_path) / "out" / demo.KERAS_FILE).is_file()


def test_the_digits_are_split_in_the_same_way_every_time():
    one, two = load_digits(), load_digits()
    assert len(one.test_labels) == HELD_OUT
    assert (one.train_images.shape[1:], one.train_images.max()) == ((8, 8, 1), 1)
    assert (one.test_labels == two.test_labels).all()
