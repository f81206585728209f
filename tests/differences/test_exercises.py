"""Every exercise has a solution that runs, and no text states a measured number."""

import re
import runpy

import pytest

from resnet_duet.differences import DIFFERENCES

# Defaults and limits of frameworks, formats and papers. Any other number is measured, and belongs
# into the table of the page, which is computed.
CONSTANTS = {"1e-3", "1e-4", "1e-5", "1.001e-5", "2e-5", "1e-7", "1e-8", "3e-8"}
MEASURED = re.compile(r"\b\d[\d.,]*e[-+]?\d+|\b\d[\d,]* of (?:the )?\d[\d,]*(?: images)?")


def measured(text: str) -> list[str]:
    """The numbers in a text that look measured."""
    return [number for number in MEASURED.findall(text) if number not in CONSTANTS]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_no_text_holds_a_measured_number(name):
    one = DIFFERENCES[name]
    assert measured(f"{one.title} {one.about} {one.how_to_test} {one.exercise.task}") == []


def test_measured_numbers_are_found():
    text = "an error of 2e-2 with an eps of 1e-3, and 898 of 1,000 images"
    assert measured(text) == ["2e-2", "898 of 1,000 images"]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_solution_is_a_program_that_asserts_and_prints(name, capsys):
    file = DIFFERENCES[name].folder / "exercise/solution.py"
    assert "assert" in file.read_text()
    runpy.run_path(str(file), run_name="__main__")
    assert capsys.readouterr().out


def test_a_wrong_solution_fails(tmp_path):
    right = DIFFERENCES["biased_variance"].exercise.solution
    wrong = right.replace("0.1 * 2,", "0.1 * 1,")
    assert wrong != right
    (tmp_path / "solution.py").write_text(wrong)
    with pytest.raises(AssertionError):
        runpy.run_path(str(tmp_path / "solution.py"), run_name="__main__")
