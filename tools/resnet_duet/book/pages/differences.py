"""The page of each difference, and the lists of all."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from resnet_duet.book.pages.markdown import escape, table
from resnet_duet.differences import DIFFERENCES
from resnet_duet.differences.difference import MISTAKE, Difference
from resnet_duet.frameworks import FRAMEWORKS

BEGIN, END = "<!-- written by docs/generate.py -->", "<!-- until here -->"  # in the README


def pages(templates: Path) -> Iterator[tuple[str, str]]:
    """(path, text) of each page.

    Args:
        templates: the folder with `difference.md`.
    """
    loader = FileSystemLoader(templates)
    jinja = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    jinja.filters["escape"] = escape
    template = jinja.get_template("difference.md")
    for name, one in DIFFERENCES.items():
        text = template.render(difference=one, frameworks=FRAMEWORKS, mistake=one.code[MISTAKE])
        yield f"differences/{name}.md", text
    yield "differences/index.md", contents(DIFFERENCES.values())


def contents(differences: Iterable[Difference]) -> str:
    """The page that lists the differences by category."""
    lines = ["# Differences between PyTorch and Keras", ""]
    lines += ["Every page is generated from the registry, and measured when the book is built.", ""]
    for category, members in groupby(differences, key=lambda one: one.category):
        titles = {one.name: escape(one.title) for one in members}
        rows = [(f"[`{name}`]({name}.md)", title) for name, title in titles.items()]
        lines += [f"## {category.capitalize()}", "", *table(("name", "title"), rows), ""]
        lines += ["```{toctree}", ":hidden:", "", *titles, "```", ""]
    return "\n".join(lines)


def readme(text: str) -> str:
    """Replace the list of differences in the README.

    Args:
        text: the README. The list is between BEGIN and END.
    """
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    rows = [(f"`{one.name}`", one.category, escape(one.title)) for one in DIFFERENCES.values()]
    lines = table(("name", "category", "title"), rows)
    return "\n".join([head + BEGIN, *lines, END + tail])
