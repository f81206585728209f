"""The built book, and a browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.built_book import HTML, served


@pytest.fixture(scope="session")
def book() -> Path:
    if not (HTML / "index.html").is_file():
        pytest.skip("the book is not built: `make docs` builds it and runs these tests")
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
        pytest.skip("chromedriver is not installed")
    options = selenium.ChromeOptions()
    options.add_argument("--headless=new")
    options.add_argument("--no-sandbox")  # root has no sandbox
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with selenium.Chrome(options, selenium.ChromeService(driver)) as chrome:
        yield chrome
