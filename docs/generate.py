"""Generate the pages of the book that list what the code has: the differences, and the reference.

`python docs/generate.py` updates the README's list of differences.
"""

from pathlib import Path

from resnet_duet.book import pages
from resnet_duet.book.pages.differences import readme
from resnet_duet.cli import main


def write(docs: Path) -> None:
    """Write the generated pages below docs."""
    pages.write(docs, main)


if __name__ == "__main__":
    README = Path(__file__).parents[1] / "README.md"
    README.write_text(readme(README.read_text()))
