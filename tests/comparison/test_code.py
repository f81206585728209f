"""CODE.py:NAME: the command executes a user's file, the library does not."""

import sys

import pytest
import torch

import resnet_duet
import resnet_torch
from resnet_duet.comparison.adapters import is_file, subject_of_argument
from resnet_spec import ResNetError

SOURCE = """
import torch
import resnet_torch
from resnet_torch import build
from helper import NAME

torch.manual_seed(0)
model = build(NAME)
spec = model.spec
broken = 1
"""


@pytest.fixture
def file(tmp_path):
    """A file that defines a network, with an import from its own folder."""
    (tmp_path / "helper.py").write_text("NAME = 'mlperf_resnet8'\n")
    (tmp_path / "mine.py").write_text(SOURCE)
    yield tmp_path / "mine.py"
    sys.modules.pop("helper", None)


def test_the_network_of_a_file_is_compared(file):
    """The file sets the seed, so its weights are those of the same lines here."""
    torch.manual_seed(0)
    expected = resnet_torch.build("mlperf_resnet8")
    found = subject_of_argument(f"{file}:model")
    assert found.title == f"{file}:model"
    result = resnet_duet.compare(expected, found)
    assert result.match
    assert result.worst.error == 0


def test_the_search_path_is_restored(file):
    before = list(sys.path)
    subject_of_argument(f"{file}:model")
    with pytest.raises(ResNetError):
        subject_of_argument(f"{file}:missing")
    assert sys.path == before


def test_a_missing_name_lists_the_names_that_the_file_defines(file):
    with pytest.raises(ResNetError) as raised:
        subject_of_argument(f"{file}:foo")
    assert str(raised.value) == (f"{file} defines no 'foo' (found: NAME, model, spec, broken)")


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("{}:broken", "objects of type int cannot be compared"),
        ("{}", "is code: name the network in it, as .*mine.py:NAME"),
        ("none.py:net", "none.py does not exist"),
    ],
)
def test_code_without_a_network_is_a_clear_error(file, argument, line):
    with pytest.raises(ResNetError, match=line):
        subject_of_argument(argument.format(file))


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit('no\\nway')", "SystemExit: no"),
    ],
)
def test_a_file_that_fails_is_a_clear_error(file, source, line):
    file.write_text(source)
    with pytest.raises(ResNetError, match=f"mine.py cannot be run: {line}$"):
        subject_of_argument(f"{file}:model")


@pytest.mark.parametrize("name", ["compare", "diagnose"])
def test_the_library_does_not_execute_files(file, name):
    """A string that comes from elsewhere must not run code."""
    file.write_text("raise AssertionError('executed')")
    net = "mlperf_resnet8"
    for argument in (f"{file}:model", str(file), file):
        with pytest.raises(ResNetError, match="is code, which this function does not execute"):
            getattr(resnet_duet, name)(argument, net)


def test_only_paths_of_checkpoints_are_checkpoints():
    assert is_file("net.pth")
    assert is_file("notes.py.pth")
    assert is_file("net.onnx")
    assert not any(map(is_file, ("mine.py:net", "mine.py")))
