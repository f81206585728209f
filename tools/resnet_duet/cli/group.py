"""The command group: its help, its errors, its exit status."""

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Any

import click

from resnet_duet.cli.console import bad, bold, columns_of, has_color
from resnet_duet.cli.help import Command
from resnet_duet.cli.table import fold

# Exit statuses besides 0: those of this project, and what sysexits.h and shells use.
MISMATCH, INVALID, BUG, INTERRUPTED, PIPE_CLOSED = 1, 2, 70, 130, 141
NO_ARGUMENTS = getattr(click.exceptions, "NoArgsIsHelpError", ())  # its message is the help


class Duet(Command, click.Group):
    """Errors of input end in a message and status 2, networks that differ in status 1."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        extra.setdefault("color", has_color(sys.stdout))
        return super().make_context(*args, **extra)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with its whole summary, in the order in which they were added."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary(own)) for name, own in self.commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Without `--debug`, an error of input becomes a message and a status."""
        from resnet_spec import ResNetError

        try:
            return super().invoke(ctx)
        except (ResNetError, OSError) as error:
            if is_broken_pipe(error):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                ctx.exit(PIPE_CLOSED)
            if ctx.params["debug"]:
                raise
            print_error(error)
            ctx.exit(status_of(error))

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, standalone_mode: bool = True, **extra: Any
    ) -> Any:
        """Run a command and exit; if `standalone_mode` is false, return or raise instead."""
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")  # not every encoding has a ✓
        try:
            status = super().main(args, standalone_mode=False, **extra)
        except click.ClickException as error:
            print_usage_error(error)
            status = error.exit_code
        except click.Abort:
            status = INTERRUPTED
        except Exception as error:
            status = print_traceback(error)
        sys.exit(status)


def summary(command: click.Command) -> str:
    """The first sentence of a command's help."""
    return " ".join((command.help or "").partition("\n\n")[0].split())


def status_of(error: Exception) -> int:
    """The exit status that an error ends in."""
    from resnet_duet.errors import MismatchError
    from resnet_spec import ResNetError

    if isinstance(error, MismatchError):
        return MISMATCH
    return INVALID if isinstance(error, (ResNetError, OSError)) else BUG


def is_broken_pipe(error: Exception) -> bool:
    """Whether the reader of stdout, such as `head`, has closed it."""
    return isinstance(error, OSError) and error.errno == errno.EPIPE


def print_error(error: Exception) -> None:
    """Print the summary of an error, and its details below it."""
    text = str(error)
    if isinstance(error, OSError) and error.filename and error.strerror:
        text = f"{error.filename}: {error.strerror}"
    print_lines(text.splitlines() or [type(error).__name__])


def print_usage_error(error: click.ClickException) -> None:
    """Print an error of the command line, and where to find help."""
    context = getattr(error, "ctx", None)
    if context is None or isinstance(error, NO_ARGUMENTS):
        error.show()
        return
    usage = " ".join(context.command.collect_usage_pieces(context))
    path = context.command_path
    print_lines([error.format_message(), f"usage: {path} {usage}", f"help: {path} -h"])


def print_lines(lines: Sequence[str]) -> None:
    """Print the first line with the name of the program, the others indented."""
    limit = columns_of(sys.stderr)
    indents = ["", *["  "] * (len(lines) - 1)]
    lines = [f"{bad(bold('resnet-duet:'))} {lines[0]}", *lines[1:]]
    for line, indent in zip(lines, indents, strict=True):
        for part in fold(line.strip(), limit, indent, indent + "  "):
            click.echo(part, err=True, color=has_color(sys.stderr))


def print_traceback(error: Exception) -> int:
    """Print the chain of an error, and return the exit status."""
    traceback.print_exception(error)
    status = status_of(error)
    if status == BUG:
        print_lines(["this is a bug; please report it with the lines above"])
    return status
