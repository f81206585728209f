"""Units, lines and tables: nothing is cut, and nothing is broken within a word."""

import click
import pytest

from resnet_duet.cli.console import decades
from resnet_duet.cli.table import UNBREAKABLE, Column, fold, table_lines
from resnet_duet.cli.units import seconds, si, size

TEXT = "not determined by the weights, assumed as in torchvision: norm_eps=1e-05, padding=same"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.00 k"),
        (53_120, "53.1 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (25_557_032, "25.6 M"),
        (9_995_000, "10.0 M"),
        (4_089_184_256, "4.09 G"),
    ],
)
def test_counts_have_three_digits_and_a_prefix(number, text):
    assert si(number) == text


def test_sizes_are_bytes_and_durations_seconds():
    assert (size(12), size(102_540_000), seconds(0.449)) == ("12 B", "103 MB", "0.4 s")


@pytest.mark.parametrize("columns", range(10, 100, 7))
def test_a_paragraph_breaks_between_words(columns):
    lines = fold(TEXT, columns, "  ", "    ")
    assert " ".join(line.strip() for line in lines) == TEXT
    assert all(len(line) <= columns or len(line.split()) == 1 for line in lines)


def test_colours_take_no_room_and_a_no_break_space_does_not_break():
    assert fold(f"{click.style('ab', fg='red')} cd", 5) == [f"{click.style('ab', fg='red')} cd"]
    assert fold(f"ab c{UNBREAKABLE}d", 5) == ["ab", "c d"]


COLUMNS = (Column("name"), Column("size", right=True), Column("about", wrap=True))
ROWS = [("a", "1", "short"), ("bcd", "100", TEXT)]


def table(columns: int) -> list[str]:
    return [click.unstyle(line) for line in table_lines(COLUMNS, [("", ROWS)], columns)]


@pytest.mark.parametrize("columns", [50, 60, 80, 120, 500])
def test_a_table_fits_and_keeps_every_word(columns):
    lines = table(columns)
    words = f"name size about a 1 short bcd 100 {TEXT}".split()
    assert sorted(" ".join(lines).split()) == sorted(words)
    assert max(map(len, lines)) <= columns


def test_without_room_the_last_column_goes_below_its_row():
    assert table(30)[:4] == ["name  size", "a        1", "    short", "bcd    100"]


def test_numbers_are_aligned_to_the_right_and_groups_have_headings():
    lines = list(table_lines(COLUMNS[:2], [("first", ROWS[:1]), ("second", ROWS[1:])], 80))
    assert [click.unstyle(line) for line in lines] == [
        "  name  size",
        "first",
        "  a        1",
        "",
        "second",
        "  bcd    100",
    ]


@pytest.mark.parametrize(
    ("error", "length"),
    [
        (0.0, 0),
        (1e-20, 0),
        (1e-16, 0),
        (1e-10, 6),
        (1e-3, 13),
        (1.0, 16),
        (1e9, 16),
        (float("nan"), 16),
    ],
)
def test_a_bar_has_one_sign_for_each_power_of_ten(error, length):
    assert decades(error) == length
