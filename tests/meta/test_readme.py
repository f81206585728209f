"""The README's code runs, and what it shows of the project is the project."""

import re
import subprocess
import sys

import pytest
import torch

import resnet_spec
import resnet_torch
from meta.imports import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
SHELL = [code for language, code in BLOCKS if language == "console"]

# As deep as ResNet-50, so that everything is printed that the README shows, and a tenth as wide.
NARROW = resnet_spec.get("resnet50", widths=(8, 16, 24, 32))

MINE = """
import torch
import resnet_spec
import resnet_torch

spec = resnet_spec.get("resnet50", widths={widths})
model = resnet_torch.build(spec)
model.load_state_dict(torch.load("resnet50.pth"))
"""


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with the checkpoint that the README converts, and with somebody's own code."""
    torch.save(resnet_torch.build(NARROW).state_dict(), tmp_path / "resnet50.pth")
    (tmp_path / "mine.py").write_text(MINE.format(widths=NARROW.widths))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_python_blocks_run_one_after_the_other(workplace):
    assert len(PYTHON) >= 2
    code = "\n".join(block for block in PYTHON if not block.startswith("def "))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert (workplace / "resnet50.keras").is_file()


@pytest.mark.slow
def test_the_commands_run(workplace):
    commands = [line[2:] for block in SHELL for line in block.splitlines() if line[:2] == "$ "]
    assert commands
    for command in commands:
        if command.startswith("make"):
            assert f"\n{command.split()[1]}:" in (ROOT / "Makefile").read_text()
            continue
        words = command.split()
        assert words[0] == "resnet-duet"
        run = subprocess.run(
            [sys.executable, "-m", "resnet_duet", *words[1:]], capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert run.returncode == 0, (command, run.stderr)


@pytest.mark.parametrize("package", ["resnet_torch", "resnet_tf"])
def test_the_blocks_side_by_side_are_the_builders_own_lines(package):
    source = (ROOT / package / "network.py").read_text()
    shown = [block for block in PYTHON if block.startswith("def ")]
    lines = [line.strip() for line in source.splitlines()]
    matching = [b for b in shown if all(line.strip() in lines for line in b.splitlines())]
    assert len(matching) == 1


def test_every_file_the_readme_points_to_is_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_what_the_readme_says_of_the_zoo_is_the_zoo():
    assert f"{len(resnet_spec.names())} networks" in README


def test_what_the_readme_says_of_the_differences_is_the_registry():
    from resnet_duet.differences import DIFFERENCES
    from resnet_duet.experiments.measure import measure

    assert f"{len(DIFFERENCES)} differences" in README
    found = measure(DIFFERENCES["pool_border"])
    ((why, hidden),) = found.hidden
    assert f"{found.shown[0].what}  {found.shown[0].error:.1e}" in README
    assert f"{hidden.what}  " in README
    assert f"hidden: {why}" in README


def test_the_readme_names_every_dialect_every_ending_and_no_other():
    from resnet_duet.port import files
    from resnet_duet.port.dialects import DIALECTS

    section = README.partition("## Any checkpoint")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    words = {word for row in rows for word in re.findall(r"`([^`]+)`", row)}
    told = {word for cell in words for word in cell.split()}
    endings = {e for row in (*files.FORMATS, *files.SOURCES) for e in row.suffixes} - {".index"}
    assert told == endings | set(DIALECTS)


def test_what_the_readme_says_of_diagnose_is_the_table_of_a_run():
    page = (ROOT / "docs/confusion.md").read_text()
    numbers = re.findall(r"^\| \S+ \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    planted, hidden, named, blamed = (
        sum(map(int, column)) for column in zip(*numbers, strict=True)
    )
    assert planted - hidden == named
    assert blamed == 0
    (pairs,) = re.findall(r"Of 100 random pairs in the CIFAR networks (\d+) were named", page)
    assert f"Of {named} visible mistakes" in README
    assert f"of 100 random pairs {pairs}" in README
