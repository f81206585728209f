"""The text of an error: a summary, then one detail per line, at most 20 of them."""

import pytest

from resnet_spec import ResNetError, SpecError, WeightsError


@pytest.mark.parametrize(("count", "last"), [(1, "  0"), (20, "  19"), (21, "  and 1 more")])
def test_the_first_twenty_details_are_shown_and_the_others_counted(count, last):
    error = ResNetError("summary", map(str, range(count)))
    lines = str(error).splitlines()
    assert lines[:2] == ["summary", "  0"]
    assert (lines[-1], len(lines)) == (last, 1 + min(count, 21))
    assert error.details == tuple(map(str, range(count)))


def test_thousands_of_hidden_details_are_counted_readably():
    assert str(ResNetError("summary", ["x"] * 60_020)).endswith("\n  and 60,000 more")


def test_control_characters_in_names_are_escaped_in_every_line():
    error = ResNetError("sum\nmary", ["a\x1b[31m", "b\nc"])
    assert str(error) == "sum\\nmary\n  a\\x1b[31m\n  b\\nc"


def test_one_error_of_a_spec_is_one_line_and_several_are_listed():
    assert str(SpecError(["depths is missing"])) == "depths is missing"
    text = str(SpecError(["depths is missing", "block is missing"]))
    assert text == "the spec has 2 errors\n  depths is missing\n  block is missing"


def test_few_arrays_of_one_kind_are_shown_next_to_many_of_another():
    missing = [f"m{number}" for number in range(112)]
    error = WeightsError(missing, ["u0", "u1"], {"c": ((1,), (2,))})
    lines = str(error).splitlines()
    assert lines[0].endswith("112 missing, 2 unexpected, 1 misshapen")
    assert lines[1:18] == [f"  missing: m{number}" for number in range(17)]
    assert lines[18:] == [
        "  unexpected: u0",
        "  unexpected: u1",
        "  misshapen: c has shape (1,), expected (2,)",
        "  and 95 more",
    ]
