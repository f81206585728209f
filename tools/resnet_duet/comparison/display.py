"""Results for people: plain-text tables for `str`, HTML tables for notebooks."""

from collections.abc import Sequence
from html import escape

Rows = Sequence[Sequence[str]]

MOST_NAMES = 4  # that are listed in full


def text_table(headings: Sequence[str], rows: Rows) -> str:
    """Left-aligned columns, two spaces apart.

    Args:
        headings: one for each column.
        rows: cells, as many in each row as there are headings.
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headings, *rows)
    )


def html_table(title: str, headings: Sequence[str], rows: Rows) -> str:
    """A paragraph and a table, with every character that HTML reserves escaped.

    Args:
        title: the paragraph above the table.
        headings: one for each column.
        rows: cells, as many in each row as there are headings.
    """
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return html_text(title) + table


def html_text(text: str) -> str:
    """A paragraph, with every character that HTML reserves escaped."""
    return f"<p>{escape(text)}</p>"


def shape_text(shape: Sequence[int]) -> str:
    """A shape as "2x32x40x16"."""
    return "x".join(map(str, shape))


def name_list(names: Sequence[str]) -> str:
    """A list of names; of a long one the first two, the last one and how many there are."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[:2])} ... {names[-1]} ({len(names)} in total)"
