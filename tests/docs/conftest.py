"""The built book, and a browser to read it with."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from built_book import HTML, served


@pytest.fixture(scope="session")
def book() -> Path:
    if not (HTML / "index.html").is_file():
        pytest.skip("there is no book to look at: `make docs` builds it, and runs these tests")
    return HTML


@pytest.fixture(scope="session")
def address(book) -> Iterator[str]:
    with served() as where:
        yield where


@pytest.fixture(scope="session")
def browser():
    selenium = pytest.importorskip("selenium.webdriver")
    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("there is no chromedriver to read the book with")
    options = selenium.ChromeOptions()
    options.add_argument("--headless=new")
    options.add_argument("--no-sandbox")  # root has none
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with selenium.Chrome(options, selenium.ChromeService(driver)) as chrome:
        yield chrome
