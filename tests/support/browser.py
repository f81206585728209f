"""A headless Chromium: what it makes of a page, and what it complains of."""

import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
LIGHT, DARK = "1", "0"  # Chromium's numbers for the schemes a page can ask for
LIMIT = 120  # seconds; it takes two


def chromium() -> str:
    """The browser's path; the test is skipped where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("there is no Chromium to look at a page with")
    return found


def browse(page: Path, *options: str, scheme: str, width: int) -> tuple[str, list[str]]:
    """(what the browser printed, what the page's console said)."""
    command = [
        chromium(),
        "--headless",
        "--no-sandbox",  # root has none
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--blink-settings=preferredColorScheme={scheme}",
        f"--window-size={width},1400",
        *options,
        page.as_uri(),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT)
    return run.stdout, [line for line in run.stderr.splitlines() if "CONSOLE" in line]


def dom(page: Path, scheme: str = LIGHT, width: int = 1440) -> tuple[str, list[str]]:
    """(the document as the browser has it, what the page's console said)."""
    return browse(page, "--dump-dom", scheme=scheme, width=width)


def screenshot(page: Path, out: Path, scheme: str, width: int) -> bytes:
    """A picture of the page, PNG."""
    browse(page, "--hide-scrollbars", f"--screenshot={out}", scheme=scheme, width=width)
    return out.read_bytes()
