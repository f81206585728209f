"""Writes the pages that are made of tables of the code: the differences, and the reference.

`python docs/generate.py` writes the README's list of differences.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import get_args

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import resnet_spec
from resnet_duet.book.table import cell
from resnet_duet.cli import main
from resnet_duet.differences import DIFFERENCES
from resnet_duet.experiments.difference import Difference
from resnet_duet.port.dialects import DIALECTS
from resnet_duet.port.files import FORMATS, SOURCES
from resnet_spec.layers import Layer
from resnet_spec.measure import depth, total, usual_size

BEGIN, END = "<!-- written by docs/generate.py -->", "<!-- until here -->"  # in the README

FOLDERS = ("differences", "reference")  # which git ignores

# What each package offers, and what its functions take and give that one does not import.
PACKAGES = {
    "resnet_spec": ("choices.Step", "choices.Steps", "layers.Stage", "layers.Block", *(f"layers.{c.__name__}" for c in get_args(Layer))),
    "resnet_torch": ("network.Features",),
    "resnet_tf": (),
    "resnet_duet": (
        *("proof.compare.Comparison", "proof.rows.Row", "proof.diagnose.Diagnosis", "proof.diagnose.Culprit"),
        *("port.random.Norms", "errors.FileError", "errors.DialectError", "errors.FrameworkError"),
    ),
    "resnet_duet.graph": (),
}


def write(docs: Path) -> None:
    """Make the two folders hold these pages and no others; a page that is current stays."""
    current = {docs / name: text for name, text in pages(docs)}
    for old in (file for folder in FOLDERS for file in (docs / folder).glob("*.*")):
        if old not in current:
            old.unlink()
    for path, text in current.items():
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)


def pages(docs: Path) -> Iterator[tuple[str, str]]:
    """(path below docs, text) of each page."""
    loader = FileSystemLoader(docs / "_templates")
    jinja = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    jinja.filters |= {"prose": prose, "sentence": sentence}
    template = jinja.get_template("difference.md")
    for name, own in DIFFERENCES.items():
        yield f"differences/{name}.md", template.render(own=own)
    yield "differences/index.md", contents(DIFFERENCES.values())
    yield "reference/networks.md", networks()
    yield "reference/files.md", files()
    yield "reference/command.md", commands()
    for package, more in PACKAGES.items():
        yield f"reference/{package}.rst", interface(package, more)


def readme(text: str) -> str:
    """The README with the list of differences as it is now."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    rows = [(f"`{o.name}`", o.group, prose(o.title)) for o in DIFFERENCES.values()]
    return "\n".join([f"{head}{BEGIN}", *table(("name", "chapter", "what differs"), rows), END + tail])


def prose(text: str) -> str:
    """Plain words as Markdown: nothing in them is markup but code between backticks."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(p if p.startswith("`") else re.sub(r"([\\*_<>\[\]|$#~])", r"\\\1", p) for p in parts)


def sentence(title: str) -> str:
    """A title, to begin a line with."""
    return prose(title[0].upper() + title[1:])


def contents(differences: Iterable[Difference]) -> str:
    """The page that lists the differences, chapter by chapter."""
    lines = ["# Every difference", ""]
    lines += ["Each page is made from one file of the registry, and measured while it is built.", ""]
    for group, members in groupby(differences, key=lambda own: own.group):
        rows = list(members)
        lines += [f"## {group.capitalize()}", ""]
        lines += table(("name", "what differs"), [(f"[`{o.name}`]({o.name}.md)", prose(o.title)) for o in rows])
        lines += ["", "```{toctree}", ":hidden:", "", *(own.name for own in rows), "```", ""]
    return "\n".join(lines)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a Markdown table."""
    lines = [headings, ["---"] * len(headings), *([cell(value) for value in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def networks() -> str:
    """The zoo."""
    rows = []
    for name in resnet_spec.names():
        plan = resnet_spec.plan(name)
        size = usual_size(plan)
        numbers = total(plan, size)
        image = "x".join(map(str, size))
        rows.append((f"`{name}`", depth(plan), image, numbers.parameters, numbers.macs))
    headings = ("name", "layers", "images", "parameters", "multiply-adds")
    return page("Networks with names", "`resnet_spec.get(name, **choices)` gives each of them.", headings, rows)


def files() -> str:
    """Dialects and formats."""
    dialects = []
    for name, dialect in DIALECTS.items():
        module = import_module(f"resnet_duet.port.dialects.{name}")
        holders = [row.about for row in FORMATS if row.holds(dialect)]
        dialects.append((f"`{name}`", prose(summary(module.__doc__)), ", ".join(holders)))
    formats = []
    for row in (*FORMATS, *SOURCES):
        endings = " ".join(f"`{suffix}`" for suffix in row.suffixes)
        dtypes = ", ".join(getattr(row, "dtypes", ())) or "only read"
        formats.append((row.about, endings, dtypes, f"`{getattr(row, 'dialect', '')}`".strip("`")))
    first = page("Dialects and formats", "A dialect is whose names the arrays have.", ("dialect", "whose names and layouts", "written to"), dialects)
    return "\n".join([first, "A format is how arrays lie in a file.", "", *table(("format", "endings", "precisions written", "dialect unless one asks"), formats), ""])


def commands() -> str:
    """What `--help` says of the command and of each of its parts."""
    lines = ["# The command", ""]
    for name, command in {"": main, **main.commands}.items():
        words = f"resnet-duet {name}".strip()
        help_text = command.get_help(click.Context(command, info_name=words, max_content_width=90))
        lines += [f"## `{words}`", "", "```text", help_text, "```", ""]
    return "\n".join(lines)


def interface(package: str, more: Sequence[str]) -> str:
    """What a package offers, for autodoc: a name with a capital is a class."""
    module = import_module(package)
    lines = [package, "=" * len(package), "", f".. automodule:: {package}", ""]
    for name in (*module.__all__, *more):
        kind = "autoclass" if name.rpartition(".")[2][0].isupper() else "autofunction"
        members = ["   :members:"] if kind == "autoclass" else []
        lines += [f".. {kind}:: {package}.{name}", *members, ""]
    return "\n".join(lines)


def page(title: str, lead: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return "\n".join([f"# {title}", "", lead, "", *table(headings, rows), ""])


def summary(docstring: str | None) -> str:
    """The first sentence or line of it."""
    return (docstring or "").strip().partition("\n")[0]


if __name__ == "__main__":
    README = Path(__file__).parents[1] / "README.md"
    README.write_text(readme(README.read_text()))
