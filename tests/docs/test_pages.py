"""The generated pages cover everything that they list; no built book is needed."""

import ast
import re

import pytest

from resnet_duet import formats
from resnet_duet.book import pages
from resnet_duet.book.pages.differences import readme
from resnet_duet.book.pages.markdown import escape
from resnet_duet.cli import main
from resnet_duet.differences import DIFFERENCES
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import names
from support.paths import ROOT

OPTIONS = r"(?:---\n.*?^---\n|(?::[^\n]*\n)*)"
HEADER_OR_BLOCK = re.compile(r"\A---\n.*?^---\n|^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`[^`]*`|\bv1\.5\b")  # code, values of cells, a name
MEASURED = re.compile(r"\d[\d.,]*e[-+]?\d+|\d[\d,]*\.\d+|\d{1,3}(?:,\d{3})+|\d+ ?%|\d+ of \d+")
CELL = re.compile(rf"^```\{{code-cell\}} ipython3\n{OPTIONS}(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def generated():
    return dict(pages.pages(ROOT / "docs", main))


def test_the_readme_lists_the_differences():
    text = (ROOT / "README.md").read_text()
    assert readme(text) == text, "run `python docs/generate.py`"
    for one in DIFFERENCES.values():
        assert f"| `{one.name}` | {one.category} | {escape(one.title)} |" in text


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_has_its_page(generated, name):
    one, page = DIFFERENCES[name], generated[f"differences/{name}.md"]
    assert page.count(f"\n# {escape(one.title)}\n") == 1
    shown = [*one.code.values(), one.exercise.solution.strip()]
    for text in (*shown, one.about, one.how_to_test, one.exercise.task):
        assert text in page
    assert len(CELL.findall(page)) == 6 - (not one.unnoticed)
    for code in CELL.findall(page):
        ast.parse(code)
    assert re.search(rf"^{name}$", generated["differences/index.md"], re.MULTILINE)


def test_the_reference_has_every_command_network_dialect_and_ending(generated):
    for name in main.commands:
        assert f"## `resnet-duet {name}`" in generated["reference/command.md"]
    assert all(f"| `{name}` |" in generated["reference/networks.md"] for name in names())
    files = generated["reference/files.md"]
    assert all(f"| `{name}` |" in files for name in DIALECTS)
    rows = (*formats.FORMATS, *formats.SOURCES)
    assert all(f"`{ending}`" in files for row in rows for ending in row.suffixes)


def test_the_reference_lists_every_object_once(generated):
    for name, page in generated.items():
        if name.endswith(".rst"):
            objects = re.findall(r"^\.\. auto(?:class|function):: \S+\.(\w+)$", page, re.MULTILINE)
            assert objects or "automodule" in page
            assert len(objects) == len(set(objects)), name


def measured(page: str) -> list[str]:
    """The numbers in the text of a page that look measured."""
    return MEASURED.findall(INLINE.sub("", HEADER_OR_BLOCK.sub("", page)))


@pytest.mark.parametrize("path", sorted((ROOT / "docs/book").glob("*.md")), ids=lambda p: p.stem)
def test_every_measured_number_of_a_chapter_comes_from_a_cell(path):
    assert measured(path.read_text()) == []


def test_measured_numbers_are_found():
    text = "---\na: 0.1\n---\nv1.5 has 25,557,032 weights\n```\n0.5\n```\n`1e-3`, 97.2%, 3e-7\n"
    assert measured(text) == ["25,557,032", "97.2", "3e-7"]


def test_text_is_not_markup():
    assert escape("a * b_c `x|y` |d| <e>") == r"a * b_c `x|y` \|d\| \<e\>"


def test_only_current_pages_are_kept_and_unchanged_ones_are_not_written(tmp_path, monkeypatch):
    folder = tmp_path / "differences"
    folder.mkdir()
    (folder / "old.md").write_text("")
    (folder / "same.md").write_text("same")
    before = (folder / "same.md").stat().st_mtime_ns
    current = [("differences/new.md", "new"), ("differences/same.md", "same")]
    monkeypatch.setattr(pages, "pages", lambda docs, command: iter(current))
    pages.write(tmp_path, main)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "new.md": "new",
        "same.md": "same",
    }
    assert (folder / "same.md").stat().st_mtime_ns == before
