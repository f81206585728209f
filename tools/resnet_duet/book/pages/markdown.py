"""Markdown from values."""

import re
from collections.abc import Iterable, Sequence

from resnet_duet.book.table import cell


def escape(text: str) -> str:
    """Text as Markdown. Code in backticks stays code; nothing else is markup but stars."""
    plain, *rest = re.split(r"(`[^`]*`)", text)
    escaped = re.sub(r"([\\<>\[\]|$#~])", r"\\\1", plain)
    return escaped + (rest[0] + escape("".join(rest[1:])) if rest else "")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The lines of a Markdown table. Values are formatted by `cell`."""
    lines = [headings, ["---"] * len(headings), *([cell(value) for value in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]
