"""Writes the pages that are made of tables of the code: the differences, and the reference.

`python docs/generate.py` writes the README's list of differences.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from importlib import import_module
from itertools import groupby
from pathlib import Path
from pkgutil import resolve_name
from typing import get_args

import click
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import resnet_spec
from resnet_duet.book.table import cell
from resnet_duet.cli import main
from resnet_duet.differences import DIFFERENCES
from resnet_duet.experiments.difference import Difference
from resnet_duet.frameworks import FRAMEWORKS
from resnet_duet.port.dialects import DIALECTS
from resnet_duet.port.files import FORMATS, SAVED_MODEL, SOURCES, Source
from resnet_spec.layers import Layer
from resnet_spec.measure import depth, total, usual_size

BEGIN, END = "<!-- written by docs/generate.py -->", "<!-- until here -->"  # in the README

FOLDERS = ("differences", "reference")  # which git ignores

# Beside what each package offers: what its functions take and give that it does not.
LAYERS = [f"layers.{kind.__name__}" for kind in get_args(Layer)]
ERRORS = [f"errors.{kind}Error" for kind in ("Dialect", "File", "Framework")]
PROOFS = ["proof.compare.Comparison", "proof.rows.Row"]
PROOFS += ["proof.diagnose.Diagnosis", "proof.diagnose.Culprit"]
PACKAGES: dict[str, list[str]] = {
    "resnet_spec": ["choices.Step", "choices.Steps", "layers.Stage", "layers.Block", *LAYERS],
    "resnet_torch": ["network.Features"],
    "resnet_tf": [],
    "resnet_duet": ["port.random.Norms", *PROOFS, *ERRORS],
    "resnet_duet.graph": [],
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
    jinja.globals["frameworks"] = FRAMEWORKS
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
    rows = [(f"`{own.name}`", own.group, prose(own.title)) for own in DIFFERENCES.values()]
    lines = table(("name", "chapter", "what differs"), rows)
    return "\n".join([head + BEGIN, *lines, END + tail])


def prose(text: str) -> str:
    """Words as Markdown: nothing in them is markup but code in backticks and stars around words."""
    plain, *rest = re.split(r"(`[^`]*`)", text)
    escaped = re.sub(r"([\\<>\[\]|$#~])", r"\\\1", plain)
    return escaped + (rest[0] + prose("".join(rest[1:])) if rest else "")


def sentence(title: str) -> str:
    """A title, to begin a line with."""
    return prose(title[0].upper() + title[1:])


def contents(differences: Iterable[Difference]) -> str:
    """The page that lists the differences, chapter by chapter."""
    lines = ["# Every difference", ""]
    lines += [
        "Each page is made from one file of the registry, and measured as it is built.",
        "",
    ]
    for group, members in groupby(differences, key=lambda own: own.group):
        titles = {own.name: prose(own.title) for own in members}
        rows = [(f"[`{name}`]({name}.md)", title) for name, title in titles.items()]
        lines += [f"## {group.capitalize()}", "", *table(("name", "what differs"), rows), ""]
        lines += ["```{toctree}", ":hidden:", "", *titles, "```", ""]
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
    lines = ["# Networks with names", "", "`resnet_spec.get` knows these, by their names:", ""]
    lines += table(("name", "layers", "images", "parameters", "multiply-adds"), rows)
    return "\n".join([*lines, ""])


def files() -> str:
    """Dialects and formats."""
    dialects = [
        (
            f"`{name}`",
            summary(name),
            " ".join(f"`{f.suffixes[0]}`" for f in FORMATS if f.holds(own)),
        )
        for name, own in DIALECTS.items()
    ]
    formats = [
        (row.about, endings(row), ", ".join(row.dtypes), f"`{row.dialect}`") for row in FORMATS
    ]
    formats += [(row.about, endings(row), "only read", "") for row in (*SOURCES, SAVED_MODEL)]
    lines = ["# Dialects and formats", "", "A dialect is whose names the arrays have.", ""]
    lines += [*table(("dialect", "whose names and layouts", "written to"), dialects), ""]
    lines += ["A format is how arrays lie in a file.", ""]
    headings = ("format", "endings", "precisions written", "dialect unless one asks")
    return "\n".join([*lines, *table(headings, formats), ""])


def endings(row: Source) -> str:
    """How names of such files end, as Markdown."""
    return " ".join(f"`{suffix}`" for suffix in row.suffixes)


def summary(dialect: str) -> str:
    """The first line of what a dialect's module says of itself."""
    module = import_module(f"resnet_duet.port.dialects.{dialect}")
    return prose((module.__doc__ or "").partition("\n")[0])


def commands() -> str:
    """What `--help` says of the command and of each of its parts."""
    lines = ["# The command", ""]
    for name, command in {"": main, **main.commands}.items():
        words = f"resnet-duet {name}".strip()
        help_text = command.get_help(click.Context(command, info_name=words, max_content_width=90))
        lines += [f"## `{words}`", "", "```text", help_text, "```", ""]
    return "\n".join(lines)


def interface(package: str, more: list[str]) -> str:
    """What a package offers, for autodoc; of a choice all its values."""
    module = import_module(package)
    lines = [package, "=" * len(package), "", f".. automodule:: {package}", ""]
    for name in (*module.__all__, *more):
        own = resolve_name(f"{package}.{name}")
        kind = "autoclass" if isinstance(own, type) else "autofunction"
        lines += [f".. {kind}:: {package}.{name}"]
        if kind == "autoclass":
            lines += ["   :members:"] + ["   :undoc-members:"] * issubclass(own, Enum)
        lines += [""]
    return "\n".join(lines)


if __name__ == "__main__":
    README = Path(__file__).parents[1] / "README.md"
    README.write_text(readme(README.read_text()))
