"""The pages of the book that are generated from tables of the code."""

from collections.abc import Iterator
from pathlib import Path

import click

from resnet_duet.book.pages import differences, reference

FOLDERS = ("differences", "reference")  # of generated pages alone; git ignores them


def pages(docs: Path, command: click.Group) -> Iterator[tuple[str, str]]:
    """Generate the pages.

    Args:
        docs: the folder of the book, with `_templates`.
        command: the command line, which the reference documents.

    Yields:
        (path below docs, text) of each page.
    """
    yield from differences.pages(docs / "_templates")
    yield from reference.pages(command)


def write(docs: Path, command: click.Group) -> None:
    """Write the pages into FOLDERS, and delete all other files there.

    A page that has not changed is not written, so that Sphinx does not build it again.

    Args:
        docs: the folder of the book.
        command: the command line.
    """
    current = {docs / name: text for name, text in pages(docs, command)}
    for old in (file for folder in FOLDERS for file in (docs / folder).glob("*.*")):
        if old not in current:
            old.unlink()
    for path, text in current.items():
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
