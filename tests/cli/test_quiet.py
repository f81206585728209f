"""Log lines of C libraries stay off the screen, and Python code keeps its stderr."""

import os
import subprocess
import sys

import pytest

from resnet_duet.cli.quiet import SETTINGS, prepare_environment
from support.command import on_terminal, run

USER_CODE = """
import sys
import tensorflow as tf
import resnet_duet
print("a line of user code", file=sys.stderr)
model = resnet_duet.load("net.pth", into="keras")
"""

NO_LEVEL = {"TF_CPP_MIN_LOG_LEVEL": "0"}  # the user asks TensorFlow to log everything
LOG = ("oneDNN", "absl", "cuda", "port.cc", "I0000")


@pytest.fixture
def folder(checkpoint):
    (checkpoint.parent / "mine.py").write_text(USER_CODE)
    return checkpoint.parent


@pytest.mark.slow
def test_tensorflow_logs_if_nobody_prevents_it(folder):
    command = [sys.executable, "mine.py"]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, **NO_LEVEL},
    )
    assert any(word in result.stderr for word in LOG)


@pytest.mark.slow
def test_no_log_line_of_tensorflow_reaches_the_terminal_and_lines_of_user_code_do(folder):
    out = on_terminal(100, "verify", "net.pth", "mine.py:model", cwd=folder, **NO_LEVEL)
    assert "Match: all 75 layer outputs agree" in out
    assert "a line of user code" in out
    assert not [word for word in LOG if word in out]


@pytest.mark.long
@pytest.mark.slow
def test_debug_shows_the_log_lines(folder):
    arguments = ("--debug", "verify", "net.pth", "mine.py:model")
    out = on_terminal(100, *arguments, cwd=folder, **NO_LEVEL)
    assert any(word in out for word in LOG)


SCRIPT = """
import os, sys
from resnet_duet.cli.quiet import quiet
from resnet_spec import ResNetError
try:
    with quiet():
        os.write(2, b"from C\\n")
        print("from Python", file=sys.stderr)
        {statement}
except Exception as error:
    print(type(error).__name__, file=sys.stderr)
os.write(2, b"C again\\n")
"""


def stderr_of(statement: str) -> list[str]:
    code = SCRIPT.format(statement=statement)
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return result.stderr.splitlines()


def test_lines_of_c_code_are_held_back_and_those_of_python_are_not():
    assert stderr_of("pass") == ["from Python", "C again"]


def test_they_are_held_back_if_input_is_invalid():
    assert stderr_of("raise ResNetError('invalid')") == ["from Python", "ResNetError", "C again"]


def test_they_are_printed_if_something_else_fails():
    expected = ["from Python", "from C", "ZeroDivisionError", "C again"]
    assert stderr_of("1 / 0") == expected


def test_what_the_user_has_set_stays(monkeypatch):
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    prepare_environment()
    assert os.environ["KERAS_BACKEND"] == "jax"
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"
    for name in SETTINGS:
        monkeypatch.delenv(name)


@pytest.mark.long
@pytest.mark.slow
def test_measuring_a_difference_in_a_process_of_its_own_prints_the_result_only():
    assert "float32" in run("differences", "norm_eps", **NO_LEVEL)
