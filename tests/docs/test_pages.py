"""Pages that are made from the code are made for all of it; needs no built book."""

import ast
import re
import sys

import pytest

from meta.imports import ROOT
from resnet_duet.cli import main
from resnet_duet.differences import DIFFERENCES
from resnet_duet.port import files
from resnet_duet.port.dialects import DIALECTS
from resnet_spec import names

sys.path.insert(0, str(ROOT / "docs"))

import generate

OPTIONS = r"(?:---\n.*?^---\n|(?::[^\n]*\n)*)"
HEADER_OR_BLOCK = re.compile(r"\A---\n.*?^---\n|^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
IN_PLACE = re.compile(r"`[^`]*`|\bv1\.5\b")  # code, values of cells, a name
MEASURED = re.compile(r"\d[\d.,]*e[-+]?\d+|\d[\d,]*\.\d+|\d{1,3}(?:,\d{3})+|\d+ ?%|\d+ of \d+")
CELL = re.compile(rf"^```\{{code-cell\}} ipython3\n{OPTIONS}(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def pages():
    return dict(generate.pages(ROOT / "docs"))


def test_the_readme_lists_the_differences_as_they_are():
    text = (ROOT / "README.md").read_text()
    assert generate.readme(text) == text, "run `python docs/generate.py`"
    assert all(f"| `{own.name}` | {own.group} |" in text for own in DIFFERENCES.values())


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_has_its_page(pages, name):
    own, page = DIFFERENCES[name], pages[f"differences/{name}.md"]
    for code in (own.torch, own.keras, own.wrong, own.exercise.solution.strip()):
        assert code in page
    assert own.exercise.task in page
    assert len(CELL.findall(page)) == 6 - (not own.hidden)
    for code in CELL.findall(page):
        ast.parse(code)
    assert re.search(rf"^{name}$", pages["differences/index.md"], re.M)


def test_the_reference_has_every_command_network_dialect_and_ending(pages):
    for name in main.commands:
        assert f"## `resnet-duet {name}`" in pages["reference/command.md"]
    assert all(f"| `{name}` |" in pages["reference/networks.md"] for name in names())
    told = pages["reference/files.md"]
    assert all(f"| `{name}` |" in told for name in DIALECTS)
    rows = (*files.FORMATS, *files.SOURCES)
    assert all(f"`{ending}`" in told for row in rows for ending in row.suffixes)


def measured(page: str) -> list[str]:
    """The numbers between the cells that look as if somebody had measured them."""
    return MEASURED.findall(IN_PLACE.sub("", HEADER_OR_BLOCK.sub("", page)))


@pytest.mark.parametrize("path", sorted((ROOT / "docs/book").glob("*.md")), ids=lambda p: p.stem)
def test_every_number_of_a_chapter_comes_from_a_cell(path):
    text = path.read_text()
    assert measured(text) == []


def test_the_test_of_numbers_can_fail():
    text = "---\na: 0.1\n---\nv1.5 has 25,557,032 weights\n```\n0.5\n```\n`1e-3`, 97.2%, 3e-7\n"
    assert measured(text) == ["25,557,032", "97.2", "3e-7"]


def test_words_are_not_taken_for_markup():
    assert generate.prose("a * b_c `x|y` |d| <e>") == r"a * b_c `x|y` \|d\| \<e\>"


def test_a_page_of_something_that_is_gone_goes(tmp_path, monkeypatch):
    (tmp_path / "differences").mkdir()
    (tmp_path / "differences/gone.md").write_text("")
    monkeypatch.setattr(generate, "pages", lambda docs: iter([("differences/new.md", "new")]))
    generate.write(tmp_path)
    assert [path.name for path in (tmp_path / "differences").iterdir()] == ["new.md"]
