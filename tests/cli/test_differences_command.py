"""`differences` as people and programs use it."""

import json

import pytest
from click.testing import CliRunner

from command import run
from resnet_duet.cli import main
from resnet_duet.differences import DIFFERENCES


def invoke(*arguments: str, code: int = 0):
    """The command in this process, which has both frameworks."""
    result = CliRunner().invoke(main, ["differences", *arguments])
    assert result.exit_code == code, result.output
    return result


def test_without_a_name_all_are_listed():
    rows = json.loads(invoke("--json").stdout)
    assert [row["name"] for row in rows] == list(DIFFERENCES)
    assert rows[0] == {
        "name": "image_layout",
        "chapter": "layout",
        "what differs": DIFFERENCES["image_layout"].title,
    }
    lines = run("differences").splitlines()
    assert [line.split()[0] for line in lines] == ["name", *DIFFERENCES]


def test_one_is_told_with_its_code_and_measured():
    out = invoke("pool_border").stdout
    own = DIFFERENCES["pool_border"]
    words = " ".join(out.split())
    assert own.about in words
    assert f" to test for it: {own.check} exercise: {own.exercise.task}" in words
    assert own.exercise.solution.splitlines()[0] not in out.splitlines()
    for code in (own.torch, own.keras, own.wrong):
        assert all(f"    {line}\n" in out for line in code.splitlines())
    shown, hidden = (line for line in out.splitlines() if "border zero" in line)
    assert "  shows" in shown
    assert "  hidden: the pool stands behind a ReLU" in hidden


def test_a_program_gets_the_numbers():
    found = json.loads(invoke("pool_border", "--json").stdout)
    assert found["chapter"] == "pooling"
    own = DIFFERENCES["pool_border"]
    assert (found["wrong"], found["check"]) == (own.wrong, own.check)
    assert found["wrong_in"] == own.wrong_in
    assert found["exercise"] == {"task": own.exercise.task, "solution": own.exercise.solution}
    (shown,), (hidden,) = found["shown"], found["hidden"]
    assert shown["shows"]
    assert shown["noise"] < 1e-14 < shown["noise_float32"] < shown["error"]
    assert not hidden["shows"]
    assert hidden["why"] == "the pool stands behind a ReLU"


@pytest.mark.slow
def test_in_a_process_of_its_own_nothing_is_said_beside_it():
    assert "images are enlarged" in run("differences", "resize")


def test_an_unknown_name_is_one_line_with_the_nearest_names_and_status_2():
    result = invoke("norm_epsilon", code=2)
    assert result.stdout == ""
    assert "did you mean norm_eps" in result.stderr
    assert result.stderr.count("\n") == 1
