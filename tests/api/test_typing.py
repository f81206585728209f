"""Type checkers accept a user's code, infer the types in it, and report a user's mistakes."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from support.paths import ROOT

HERE = Path(__file__).parent
PACKAGES = {
    "resnet_spec": ROOT / "shared",
    "resnet_torch": ROOT,
    "resnet_tf": ROOT,
    "resnet_duet": ROOT / "tools",
}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_marked_as_typed(package):
    assert (PACKAGES[package] / package / "py.typed").is_file()


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """A function that runs `mypy --strict` on a file and returns what it reports."""
    cache = tmp_path_factory.mktemp("mypy")

    def run(file):
        # A user's packages are installed: what mypy finds in them is not reported.
        options = ["--strict", "--follow-imports=silent", "--hide-error-context", "--config-file="]
        command = [sys.executable, "-m", "mypy", *options, f"--cache-dir={cache}", HERE / file]
        path = os.pathsep.join(map(str, PACKAGES.values()))
        done = subprocess.run(
            command, env={**os.environ, "MYPYPATH": path}, cwd=cache, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run


@pytest.fixture
def pyright(tmp_path):
    """A function that runs pyright on a file and returns the lines with errors."""
    if find_spec("pyright") is None:
        pytest.skip("pyright is not installed: pip install pyright")

    def run(file):
        settings = {"extraPaths": [str(path) for path in PACKAGES.values()]}
        (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
        (tmp_path / file).write_text((HERE / file).read_text())
        command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable]
        done = subprocess.run(
            [*command, "--project", tmp_path], capture_output=True, text=True, check=False
        )
        try:
            report = json.loads(done.stdout)
        except ValueError:
            pytest.skip(f"pyright does not start: {done.stderr.strip()[-200:]}")
        assert report["summary"]["filesAnalyzed"] == 1
        errors = [each for each in report["generalDiagnostics"] if each["severity"] == "error"]
        return {each["range"]["start"]["line"] + 1: each["message"] for each in errors}

    return run


def lines_with_errors(file):
    """Numbers of the lines with a comment `# error`."""
    lines = (HERE / file).read_text().splitlines()
    return [number for number, line in enumerate(lines, start=1) if line.endswith("# error")]


@pytest.mark.long
@pytest.mark.slow
def test_mypy_accepts_a_user_s_code_in_strict_mode(mypy):
    assert mypy("user_code.py").startswith("Success: no issues found")


@pytest.mark.long
def test_mypy_reports_a_user_s_mistakes(mypy):
    report = mypy("misuse.py")
    expected = lines_with_errors("misuse.py")
    found = [line.split(":")[1] for line in report.splitlines() if ": error:" in line]
    assert [int(number) for number in found] == expected, report


@pytest.mark.slow
@pytest.mark.parametrize("file", ["user_code.py", "user_keras.py"])
def test_pyright_accepts_a_user_s_code(pyright, file):
    assert pyright(file) == {}


@pytest.mark.slow
def test_pyright_reports_a_user_s_mistakes(pyright):
    assert list(pyright("misuse.py")) == lines_with_errors("misuse.py")
