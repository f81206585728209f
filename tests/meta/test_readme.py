"""The README's code runs, and what it says of the project is true."""

import re
import subprocess
import sys

import pytest
import torch
from click.testing import CliRunner

import resnet_spec
import resnet_torch
from resnet_duet.cli import main
from support.paths import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
SHELL = [code for language, code in BLOCKS if language == "console"]
COMMANDS = [line[2:] for block in SHELL for line in block.splitlines() if line[:2] == "$ "]
MINE = next(block for block in PYTHON if "norm_eps" in block)
LISTED = [block for block in PYTHON if block.startswith(("def ", "    def "))]
MISMATCH = ("verify resnet50.pth mine.py", "diagnose resnet50.pth mine.py")  # end in status 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the checkpoint of the first block, and the file `mine.py`.

    The network has the depth of ResNet-50 and a tenth of its width, so that every command runs on
    it as the README shows, in a tenth of the time.
    """
    folder = tmp_path_factory.mktemp("readme")
    narrow = resnet_torch.build("resnet50", widths=(8, 16, 24, 32))
    torch.save(narrow.state_dict(), folder / "resnet50.pth")
    text = MINE.replace('"resnet50", ', '"resnet50", widths=(8, 16, 24, 32), ')
    (folder / "mine.py").write_text(text)
    return folder


@pytest.mark.slow
def test_the_python_blocks_run_one_after_the_other_in_an_empty_folder(tmp_path):
    blocks = [block for block in PYTHON if block not in LISTED]
    assert len(blocks) >= 4
    program = [sys.executable, "-c", "\n".join(blocks)]
    run = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "resnet50.keras").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("resnet-duet")])
def test_a_command_runs(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    if command.startswith("resnet-duet verify resnet50.pth resnet50.weights.h5"):
        CliRunner().invoke(main, ["convert", "resnet50.pth", "resnet50.weights.h5", "--overwrite"])
    words = command.replace("'", "").split()[1:]
    words += ["--overwrite"] if words[0] == "convert" else []
    result = CliRunner().invoke(main, words)
    expected = 1 if " ".join(words).startswith(MISMATCH) else 0
    assert result.exit_code == expected, result.output


def test_every_make_target_is_there():
    targets = [c.split()[1] for c in COMMANDS if c.startswith("make")]
    targets += re.findall(r"`make (\w+)`", README)
    assert {"demo", "test", "docs", "book"} <= set(targets)
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for target in targets)


@pytest.mark.parametrize("package", ["resnet_torch", "resnet_tf"])
def test_the_blocks_are_the_builders_own_lines(package):
    source = (ROOT / package / "network.py").read_text()
    lines = [line.strip() for line in source.splitlines()]
    matching = [b for b in LISTED if all(line.strip() in lines for line in b.splitlines())]
    assert len(matching) == 1


def test_every_file_that_is_linked_is_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_the_numbers_of_networks_and_differences_are_right():
    from resnet_duet.differences import DIFFERENCES

    assert f"{len(resnet_spec.names())} networks" in README
    assert f"{len(DIFFERENCES)} differences" in README


def test_every_dialect_and_every_ending_is_named_and_no_other():
    from resnet_duet import formats
    from resnet_duet.weights.dialects import DIALECTS

    section = README.partition("## Files and naming schemes")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    cells = {cell for row in rows for cell in re.findall(r"`([^`]+)`", row)}
    named = {word for cell in cells for word in cell.split()}
    endings = {e for row in (*formats.FORMATS, *formats.SOURCES) for e in row.suffixes} - {".index"}
    assert named == endings | set(DIALECTS)


def test_the_accuracy_of_diagnose_is_the_table_of_a_run():
    page = (ROOT / "docs/diagnosis.md").read_text()
    rows = re.findall(r"^\| \S+ \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    injected, hidden, named, wrong = (sum(map(int, column)) for column in zip(*rows, strict=True))
    assert injected - hidden == named
    assert wrong == 0
    (pairs,) = re.findall(r"Of 100 random pairs in the CIFAR networks (\d+) were identified", page)
    text = " ".join(README.split())
    assert f"We injected {injected} mistakes into twelve networks. {named} changed the" in text
    assert f"{pairs} of 100 random pairs" in text
