"""Help that fits the terminal, with whole summaries and examples."""

import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import click

from resnet_duet.cli.table import Style, bold, fold

NARROWEST, WIDEST = 40, 120  # columns of a help page
PROMPT = "$ "
CONTINUATION = " \\"

flag: Style = partial(click.style, fg="cyan")


class Formatter(click.HelpFormatter):
    """Breaks lines between words only; on a terminal headings are bold and flags cyan."""

    color = False

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        title = self._styled("Usage:", bold)
        indent = " " * len(f"Usage: {prog} ")
        first, *others = fold(args, self.width, indent)
        self.write(f"{title} {prog} {first.strip()}\n")
        self._write_lines(others)

    def write_heading(self, heading: str) -> None:
        self.write(self._styled(f"{heading}:", bold) + "\n")

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        for number, paragraph in enumerate(text.split("\n\n")):
            self._write_lines([""] * (number > 0))
            self._write_lines(fold(paragraph, self.width, indent))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        rows = list(rows)
        most = min(col_max, self.width // 2 - self.current_indent)
        term_width = max((len(term) for term, _ in rows if len(term) <= most), default=most)
        start = self.current_indent + term_width + col_spacing
        for term, text in rows:
            first, *others = fold(text.replace("  ", " "), self.width, " " * start)
            head = " " * self.current_indent + self._styled(term, flag)
            if len(term) <= term_width:
                space = " " * (start - self.current_indent - len(term))
                self._write_lines([head + space + first.strip(), *others])
            else:
                self._write_lines([head, first, *others])

    def write_example(self, about: str, command: str) -> None:
        """Write what a command is for, and the command, which can be pasted."""
        indent = " " * self.current_indent
        self._write_lines(fold(about, self.width, indent))
        room = self.width - len(CONTINUATION)
        lines = fold(command, room, f"{indent}  {PROMPT}", f"{indent}      ")
        lines = [line + CONTINUATION for line in lines[:-1]] + lines[-1:]
        self._write_lines(self._styled(line, flag) for line in lines)

    def _write_lines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line + "\n")

    def _styled(self, text: str, style: Style) -> str:
        return style(text) if self.color else text


class Command(click.Command):
    """A command with `-h` and examples.

    Attributes:
        examples: (what it is for, command line).
    """

    def __init__(self, *args: Any, examples: Sequence[tuple[str, str]] = (), **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        return ["-h", "--help"]

    def get_help(self, ctx: click.Context) -> str:
        columns = ctx.terminal_width or shutil.get_terminal_size().columns
        widest = ctx.max_content_width or WIDEST
        formatter = Formatter(width=max(min(columns, widest), NARROWEST))
        formatter.color = bool(ctx.color)
        self.format_help(ctx, formatter)
        with formatter.section("Examples"):
            for about, command in self.examples:
                formatter.write_example(about, command)
        return formatter.getvalue().rstrip("\n")
