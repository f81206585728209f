"""Offer every executed page as a notebook, saved next to the page."""

import json
import re
from ast import literal_eval
from pathlib import Path

import nbformat
import yaml
from sphinx.application import Sphinx
from sphinx.directives.code import LiteralIncludeReader

DIRECTIVE = re.compile(r"```\{literalinclude\} (?P<path>\S+)\n(?P<options>(?::.*\n)*)```\n")
TAB = re.compile(r":::+\{(?:tab-item|grid-item-card)\} (\w+)\n")
FENCE = re.compile(r"^(?::::+.*|:(?:sync|sync-group|gutter): .*)(?:\n|\Z)", re.MULTILINE)
GLUED = re.compile(r"\{glue:text\}`(\w+)(?::([^`]*))?`")
LINK = re.compile(r"\]\(([\w./-]+)\.md(#[\w-]+)?\)")
FOLDED = {"hide-input", "hide-cell"}


def offer(app: Sphinx, name: str, template: str, context: dict, doctree: object) -> None:
    """Tell the page's template of its notebook."""
    if (executed(app) / f"{name}.ipynb").is_file():
        context["notebook"] = f"{name.rpartition('/')[2]}.ipynb"


def write(app: Sphinx, error: Exception | None) -> None:
    """Save each notebook next to its page, with its text as plain Markdown."""
    if error:
        return
    for path in executed(app).rglob("*.ipynb"):
        name = path.relative_to(executed(app))
        (app.outdir / name).write_text(nbformat.writes(plain(app, path, Path(app.srcdir) / name)))


def executed(app: Sphinx) -> Path:
    """Where MyST-NB leaves the notebooks that it has run."""
    return Path(app.outdir).parent / "jupyter_execute"


def plain(app: Sphinx, path: Path, page: Path) -> nbformat.NotebookNode:
    """A notebook that any Jupyter shows, and that runs where this package is installed."""
    notebook = nbformat.read(path, as_version=4)
    glue = path.with_suffix(".glue.json")
    values = json.loads(glue.read_text()) if glue.is_file() else {}

    def included(match: re.Match[str]) -> str:
        options = yaml.safe_load(re.sub(r"^:", "", match["options"], flags=re.MULTILINE))
        source = (page.parent / match["path"]).resolve()
        text, _ = LiteralIncludeReader(str(source), options, app.config).read()
        return f"```python\n{text.strip()}\n```\n"

    def glued(match: re.Match[str]) -> str:
        return format(literal_eval(values[match[1]]["data"]["text/plain"]), match[2] or "")

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            words = DIRECTIVE.sub(included, cell.source)
            words = FENCE.sub("", TAB.sub(r"**\1**\n", words))
            cell.source = LINK.sub(r"](\1.ipynb\2)", GLUED.sub(glued, words))
        elif FOLDED & set(cell.metadata.get("tags", ())):
            cell.metadata["jupyter"] = {"source_hidden": True}
        cell.metadata.pop("mystnb", None)
    notebook.metadata.pop("source_map", None)
    return notebook
