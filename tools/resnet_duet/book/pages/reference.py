"""The reference: networks, dialects, formats, commands, and the Python interface."""

from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pkgutil import resolve_name
from typing import get_args

import click

import resnet_spec
from resnet_duet.book.pages.markdown import escape, table
from resnet_duet.formats import FORMATS, SAVED_MODEL, SOURCES, Source
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec.layers import Layer
from resnet_spec.measure import default_image_size, depth, total

# What the functions of a package take, return and raise, in addition to what it exports.
STRUCTURE = ["choices.Op", "choices.Ops"]
STRUCTURE += [f"structure.{kind}" for kind in ("Stage", "Block", "Node", "Chain")]
LAYERS = [f"layers.{kind.__name__}" for kind in get_args(Layer)]
ERRORS = [f"errors.{kind}Error" for kind in ("Dialect", "File", "Framework")]
RESULTS = ["comparison.compare.Comparison", "comparison.layer_errors.LayerError"]
RESULTS += ["comparison.subject.Naming", "comparison.subject.IdentifiedNet"]
RESULTS += ["diagnosis.diagnose.Diagnosis", "diagnosis.diagnose.Cause"]
PACKAGES: dict[str, list[str]] = {
    "resnet_spec": [*STRUCTURE, *LAYERS],
    "resnet_torch": ["network.Features"],
    "resnet_tf": [],
    "resnet_duet": [
        "weights.init.Norms",
        "identify.head.HeadChoice",
        "comparison.subject.Subject",
        *RESULTS,
        *ERRORS,
    ],
    "resnet_duet.onnx": [],
}


def pages(command: click.Group) -> Iterator[tuple[str, str]]:
    """(path, text) of each page.

    Args:
        command: the command line.
    """
    yield "reference/networks.md", networks()
    yield "reference/files.md", files()
    yield "reference/command.md", commands(command)
    for package, more in PACKAGES.items():
        yield f"reference/{package}.rst", interface(package, more)


def networks() -> str:
    """The page of the zoo."""
    rows = []
    for name in resnet_spec.names():
        plan = resnet_spec.plan(name)
        size = default_image_size(plan)
        count = total(plan, size)
        image = "x".join(map(str, size))
        rows.append((f"`{name}`", depth(plan), image, count.parameters, count.macs))
    lines = ["# Networks", "", "`resnet_spec.get` returns these networks by name:", ""]
    lines += table(("name", "layers", "image", "parameters", "MACs"), rows)
    return "\n".join([*lines, ""])


def files() -> str:
    """The page of dialects and formats."""
    dialects = [
        (
            f"`{name}`",
            summary(name),
            " ".join(f"`{f.suffixes[0]}`" for f in FORMATS if f.holds(one)),
        )
        for name, one in DIALECTS.items()
    ]
    formats = [
        (row.about, endings(row), ", ".join(row.dtypes), f"`{row.dialect}`") for row in FORMATS
    ]
    formats += [(row.about, endings(row), "read-only", "") for row in (*SOURCES, SAVED_MODEL)]
    lines = ["# Dialects and formats", ""]
    lines += ["A dialect is the naming convention of a library, with its array layouts.", ""]
    lines += [*table(("dialect", "names and layouts", "formats"), dialects), ""]
    lines += ["A format is a type of file.", ""]
    headings = ("format", "endings", "dtypes written", "default dialect")
    return "\n".join([*lines, *table(headings, formats), ""])


def endings(row: Source) -> str:
    """The file endings of a format, as Markdown."""
    return " ".join(f"`{suffix}`" for suffix in row.suffixes)


def summary(dialect: str) -> str:
    """The first line of the docstring of a dialect's module."""
    module = import_module(f"resnet_duet.weights.dialects.{dialect}")
    return escape((module.__doc__ or "").partition("\n")[0])


def commands(command: click.Group) -> str:
    """The page of `--help` for the command and its subcommands."""
    lines = ["# The command line", ""]
    for name, one in {"": command, **command.commands}.items():
        words = f"resnet-duet {name}".strip()
        help_text = one.get_help(click.Context(one, info_name=words, max_content_width=90))
        lines += [f"## `{words}`", "", "```text", help_text, "```", ""]
    return "\n".join(lines)


def interface(package: str, more: list[str]) -> str:
    """The page of a package's objects, for autodoc. Enumerations list all their values.

    Args:
        package: its name.
        more: names of objects below the package, in addition to those that it exports.
    """
    module = import_module(package)
    exported = {name: getattr(module, name) for name in module.__all__}
    exported = {name: value for name, value in exported.items() if callable(value)}
    if package != "resnet_spec":  # which documents its own objects
        described = [getattr(resnet_spec, name) for name in resnet_spec.__all__]
        exported = {name: value for name, value in exported.items() if value not in described}
    further = {name: resolve_name(f"{package}.{name}") for name in more}
    further = {n: value for n, value in further.items() if value not in exported.values()}
    lines = [package, "=" * len(package), "", f".. automodule:: {package}", ""]
    for name, value in (exported | further).items():
        kind = "autoclass" if isinstance(value, type) else "autofunction"
        lines += [f".. {kind}:: {package}.{name}"]
        if isinstance(value, type):
            lines += ["   :members:"] + ["   :undoc-members:"] * issubclass(value, Enum)
        lines += [""]
    return "\n".join(lines)
