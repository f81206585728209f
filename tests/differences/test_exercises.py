"""Every difference says how to test for it, and its exercise's solution runs."""

import re

import pytest

from resnet_duet.differences import DIFFERENCES

# What frameworks, formats and papers have for defaults and limits; all else was measured, and what
# is measured stands beside the words, in a table that comes from a run.
CONSTANTS = {"1e-3", "1e-4", "1e-5", "1.001e-5", "2e-5", "1e-7", "1e-8", "3e-8"}
MEASURED = re.compile(r"\b\d[\d.,]*e[-+]?\d+|\b\d[\d,]* of (?:the )?\d[\d,]*(?: images)?")


def measured(words: str) -> list[str]:
    """The numbers in it that look as if somebody had measured them."""
    return [number for number in MEASURED.findall(words) if number not in CONSTANTS]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_has_a_check_and_a_task(name):
    own = DIFFERENCES[name]
    for words, least, most in ((own.check, 120, 400), (own.exercise.task, 180, 450)):
        assert least <= len(words) <= most
        assert words == " ".join(words.split())
        assert words.endswith((".", "?"))
        assert words.count("`") % 2 == 0


@pytest.mark.parametrize("name", DIFFERENCES)
def test_words_hold_no_measured_number(name):
    own = DIFFERENCES[name]
    assert measured(f"{own.about} {own.check} {own.exercise.task}") == []


def test_the_test_of_words_can_fail():
    assert measured("an error of 2e-2, and 898 of 1,000 images right") == [
        "2e-2",
        "898 of 1,000 images",
    ]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_solution_is_a_short_program_that_runs_and_prints_its_answer(name, capsys):
    solution = DIFFERENCES[name].exercise.solution
    assert "assert" in solution
    assert len(solution.splitlines()) <= 32
    exec(compile(solution, f"the solution of {name}", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out


def test_the_test_of_solutions_can_fail():
    wrong = DIFFERENCES["biased_variance"].exercise.solution.replace("0.1 * 2,", "0.1 * 1,")
    with pytest.raises(AssertionError):
        exec(wrong, {"__name__": "__main__"})
