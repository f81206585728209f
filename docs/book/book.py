"""What every page of the book needs: frameworks that are quiet, and tables."""

import html
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from math import isnan
from pathlib import Path

from IPython import get_ipython

from resnet_duet.frameworks import FRAMEWORKS, builder

# Read by the frameworks when they are imported, and by every command that a page runs. One thread,
# since idle threads of PyTorch's wait by spinning: where others use the cores, a step of a small
# network takes ten times as long with two threads as with one.
SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


def prepare() -> None:
    """Import both frameworks without a word, and let `!resnet-duet` run in this environment."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    os.environ.pop("FORCE_COLOR", None)  # Jupyter's: it makes every pipe a terminal, with spinners
    if shell := get_ipython():
        shell.system = system
    for framework in FRAMEWORKS:
        builder(framework)
    # TensorFlow complains in general terms about functions that Keras makes for each grouped layer.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def system(command: str) -> None:
    """What `!` does, with the output in one piece, and with errors only where there are some."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    if done.returncode > 1:  # 1 is an answer: not the same function
        print(done.stderr, end="")


class Table:
    """Rows under headings; a notebook shows it as a table, and `print` as text."""

    def __init__(self, headings: Sequence[str], rows: Iterable[Sequence[object]]):
        rows = list(rows)
        self.headings = tuple(headings)
        self.rows = [tuple(map(cell, row)) for row in rows]
        self.numbers = [all(map(is_number, column)) for column in zip(*rows, strict=True)]

    def _repr_html_(self) -> str:
        head = "".join(self._cell("th", *x) for x in enumerate(self.headings))
        body = "".join(
            f"<tr>{''.join(self._cell('td', *x) for x in enumerate(row))}</tr>" for row in self.rows
        )
        return (
            f'<table class="docutils align-default"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table>"
        )

    def __repr__(self) -> str:
        rows = [self.headings, *self.rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        forms = [f"{'>' if n else '<'}{w}" for n, w in zip(self.numbers, widths, strict=True)]
        return "\n".join("  ".join(map(format, row, forms)) for row in rows)

    def _cell(self, tag: str, column: int, text: str) -> str:
        align = "right" if self.numbers[column] else "left"
        words = html.escape(text).replace("\n", "<br>")
        return f'<{tag} style="text-align: {align}; white-space: nowrap">{words}</{tag}>'


def is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def cell(value: object) -> str:
    """A cell for a person: 25,557,032 or 3.1e-15; nothing for NaN."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float() if isnan(value):
            return ""
        case float() if abs(value) >= 1000:
            return f"{value:,.0f}"
        case float():
            return f"{value:.1e}" if 0 < abs(value) < 1e-3 else f"{value:.3g}"
        case _:
            return str(value)
