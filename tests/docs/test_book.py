"""The built book in a browser, and its notebooks. `make docs` builds it and runs these tests."""

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from resnet_duet.differences import DIFFERENCES
from support.built_book import HTML
from support.paths import ROOT

CHAPTERS = sorted(path.stem for path in (ROOT / "docs/book").glob("*.md"))
RUN = [*(f"book/{name}" for name in CHAPTERS), *(f"differences/{name}" for name in DIFFERENCES)]
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html"))
ONLY_MYST = re.compile(r"\{[\w:-]+\}`|^`+\{|^:::|\.md\)", re.MULTILINE)
DESKTOP, PHONE = 1440, 390


class Document(HTMLParser):
    """The links of a page, their targets in it, and what it loads."""

    def __init__(self, text: str):
        super().__init__()
        self.ids, self.links, self.loads, self.images = set(), [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        own = dict(attrs)
        self.ids |= {own[key] for key in ("id", "name") if own.get(key)}
        if tag == "a" and "href" in own:
            self.links.append(own["href"])
        if tag in ("script", "img", "iframe", "source") and "src" in own:
            self.loads.append(own["src"])
        if tag == "link" and own.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(own["href"])
        if tag == "img":
            self.images.append(own)


@cache
def document(path: Path) -> Document:
    return Document(path.read_text())


def is_dead(path: Path, link: str) -> bool:
    """Whether a link within the book has no target."""
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file():
        return True
    has_anchor = bool(parts.fragment) and target.suffix == ".html"
    return has_anchor and unquote(parts.fragment) not in document(target).ids


def test_every_page_is_built(book):
    assert {f"{name}.html" for name in RUN} <= set(PAGES)
    assert {"index.html", "architecture.html", "reference/command.html"} <= set(PAGES)


def test_every_link_within_the_book_has_a_target(book):
    bad = [
        (page, link)
        for page in PAGES
        for link in document(book / page).links
        if not urlsplit(link).scheme and is_dead(book / page, link)
    ]
    assert bad == []


def test_pages_load_only_files_of_the_book_and_all_exist(book):
    for page in PAGES:
        for source in document(book / page).loads:
            if not source.startswith("data:image/"):
                assert not urlsplit(source).netloc, (page, source)
                assert not is_dead(book / page, source), (page, source)


def test_every_image_has_an_alternative_text(book):
    for page in PAGES:
        for image in document(book / page).images:
            assert len(image.get("alt", "")) >= 40, page


@pytest.mark.parametrize("name", RUN)
def test_every_page_that_runs_is_offered_as_a_notebook(book, name):
    nbformat = pytest.importorskip("nbformat")
    assert f"{name.rpartition('/')[2]}.ipynb" in document(book / f"{name}.html").links
    notebook = nbformat.read(book / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not ONLY_MYST.search(text)
    assert not any(o.output_type == "error" for c in notebook.cells for o in c.get("outputs", ()))


@pytest.mark.parametrize("name", RUN)
def test_every_cell_that_draws_has_an_image(book, name):
    nbformat = pytest.importorskip("nbformat")
    drawing = [
        cell
        for cell in nbformat.read(book / f"{name}.ipynb", as_version=4).cells
        if cell.cell_type == "code" and re.search(r"plt\.show\(\)|book\.figure\(", cell.source)
    ]
    for cell in drawing:
        assert any(
            "image/png" in output.get("data", {}) or "<img" in output.data.get("text/html", "")
            for output in cell.outputs
        ), cell.source
    panels = sum(2 if "book.figure(" in cell.source else 1 for cell in drawing)
    assert len(document(book / f"{name}.html").images) == panels


@pytest.mark.slow
@pytest.mark.parametrize("name", ["book/builders", "differences/same_convolution"])
def test_a_notebook_runs_in_a_new_kernel(book, name, tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(book / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": tmp_path}}
    nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()


MEASURE = """
const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
const broken = [...document.images].filter(i => i.complete && i.naturalWidth == 0);
return [wide, broken.map(i => i.alt), getComputedStyle(document.body).backgroundColor];
"""


def look(browser, width: int, scheme: str):
    """(pixels beyond the width of the page, broken images, whether the page is dark)."""
    size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": width == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    wide, broken, color = browser.execute_script(MEASURE)
    return wide, broken, sum(map(int, re.findall(r"\d+", color)[:3])) < 3 * 128


@pytest.mark.slow
def test_pages_fit_every_screen_without_a_message_in_the_console(browser, address):
    browser.get_log("browser")
    for page in PAGES:
        browser.get(f"{address}/{page}")
        for width in (DESKTOP, PHONE):
            for scheme in ("light", "dark"):
                assert look(browser, width, scheme) == (0, [], scheme == "dark"), (page, width)
        assert browser.get_log("browser") == [], page
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def click(browser, element) -> None:
    """Click by a script, which does not wait for the page to scroll to the element."""
    browser.execute_script("arguments[0].click()", element)


def until(browser, condition) -> None:
    """Wait for a condition."""
    from selenium.webdriver.support.wait import WebDriverWait

    WebDriverWait(browser, 30).until(lambda _: condition())


def chosen(browser) -> set[str]:
    """The labels of the open tabs."""
    script = """return [...document.querySelectorAll(".sd-tab-set > input:checked")]
        .map(i => document.querySelector(`label[for="${i.id}"]`).innerText)"""
    return set(browser.execute_script(script))


@pytest.mark.slow
def test_tabs_switch_together_and_on_another_page_too(browser, address):
    for first, second in (("PyTorch", "Keras"), ("Keras", "PyTorch")):
        browser.get(f"{address}/book/builders.html")
        labels = browser.find_elements("css selector", ".sd-tab-set > label")
        assert len(labels) > 4
        for word in (first, second):
            click(browser, next(label for label in labels if label.text == word))
            assert chosen(browser) == {word}
        browser.get(f"{address}/book/residual.html")
        assert chosen(browser) == {second}


@pytest.mark.slow
def test_search_finds_padding(browser, address):
    browser.get(f"{address}/search.html?q=padding")
    results = "#search-results li a[href*=same_convolution]"
    until(browser, lambda: browser.find_elements("css selector", results))


@pytest.mark.slow
def test_a_solution_is_folded_until_it_is_opened(browser, address):
    browser.get(f"{address}/differences/same_convolution.html")
    solution = browser.find_element("css selector", "section#exercise details")
    assert not solution.get_property("open")
    click(browser, solution.find_element("css selector", "summary"))
    assert solution.get_property("open")
    output = solution.find_element("css selector", ".cell_output")
    until(browser, output.is_displayed)  # it unfolds with an animation
