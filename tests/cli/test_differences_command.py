"""`differences`."""

import json

import pytest

from resnet_duet.cli.differences import CONTRADICTED, code_of
from resnet_duet.differences import DIFFERENCES
from support.command import invoke, lines_of

NAME = "pool_border"


@pytest.fixture(scope="module")
def facts():
    """The JSON of one difference."""
    return json.loads(invoke("differences", NAME, "--json").stdout)


@pytest.fixture(scope="module")
def text():
    """The same as text."""
    return invoke("differences", NAME, COLUMNS="100").stdout


def test_a_program_gets_every_difference():
    rows = json.loads(invoke("differences", "--json").stdout)
    assert [row["name"] for row in rows] == list(DIFFERENCES)
    first = DIFFERENCES["image_layout"]
    assert rows[0] == {"name": "image_layout", "category": "layout", "title": first.title}


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_differences_are_grouped_by_category_and_no_title_is_cut(columns):
    out = invoke("differences", COLUMNS=str(columns)).stdout
    assert max(map(len, out.splitlines())) <= columns
    words = " ".join(out.split())
    for one in DIFFERENCES.values():
        assert f"{one.name} {one.title}" in words
    headings = [line for line in lines_of(out) if line and not line.startswith(" ")]
    assert headings == list(dict.fromkeys(one.category.value for one in DIFFERENCES.values()))


def test_one_difference_is_explained_with_its_code(text, facts):
    words = " ".join(text.split())
    assert facts["title"] in words
    for paragraph in facts["description"].split("\n\n"):
        assert " ".join(paragraph.split()) in words
    assert " ".join(facts["how_to_test"].split()) in words
    assert " ".join(facts["exercise"]["task"].split()) in words
    assert facts["exercise"]["solution"].splitlines()[0] not in text.splitlines()
    assert set(facts["code"]) == {"torch", "keras", "mistake"}
    for heading, key, code in code_of(DIFFERENCES[NAME]):
        assert heading in text.splitlines()
        assert code == facts["code"][key]
        assert all(f"  {line}".rstrip() in lines_of(text) for line in code.splitlines())


def test_measurements_are_printed_where_they_are_visible_and_where_not(text, facts):
    (visible,), (unnoticed,) = facts["visible"], facts["unnoticed"]
    assert visible["is_visible"]
    assert visible["baseline"] < 1e-14 < visible["float32_error"] < visible["error"]
    assert not unnoticed["is_visible"]
    lines = text.splitlines()
    place = lines.index("visible")
    assert lines[place + 1].split()[0] == f"{visible['error']:.1e}"
    place = lines.index(f"unnoticed  {unnoticed['reason']}")
    assert lines[place + 1].split()[0] == f"{unnoticed['error']:.1e}"


def test_a_measurement_that_contradicts_its_heading_is_marked(monkeypatch):
    from resnet_duet.differences.measure import Measured, Measurement

    hidden = Measured("nothing", 1e-16, 1e-16, 1e-7)
    shown = Measured("everything", 1.0, 1e-16, 1e-7)
    measurement = Measurement((hidden,), (("it is hidden", shown),))
    monkeypatch.setattr("resnet_duet.differences.measure.measure", lambda _: measurement)
    out = invoke("differences", NAME).stdout
    assert out.count(CONTRADICTED) == 2


def test_an_unknown_name_is_answered_with_the_nearest():
    stderr = invoke("differences", "norm_epsilon", code=2).stderr
    assert "norm_eps" in stderr
    assert stderr.count("\n") == 1
