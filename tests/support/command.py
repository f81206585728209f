"""The command in this process, in a separate process, and on a terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

from click.testing import CliRunner, Result

from resnet_duet.cli import main

COMMAND = [sys.executable, "-m", "resnet_duet"]
TERMINAL = ("COLUMNS", "NO_COLOR", "FORCE_COLOR")  # what a tester may have set


def invoke(*arguments, code: int = 0, **environment: str) -> Result:
    """The result of the command in this process, which must end with this status."""
    unset = dict.fromkeys(TERMINAL)
    result = CliRunner(env={**unset, **environment}).invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run(*arguments, cwd=None, code: int = 0, **environment: str) -> str:
    """stdout of the command in a separate process; stderr if it ends with status 2.

    The other one of the two must be empty.
    """
    result = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**inherited(), **environment},
    )
    assert result.returncode == code, result.stderr
    if code == 2:
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        return result.stderr
    assert result.stderr == ""
    return result.stdout


def on_terminal(columns: int, *arguments, cwd=None, **environment: str) -> str:
    """Everything that the command, or another program, writes to a terminal of this width."""
    own, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=cwd,
        env={**inherited(), "TERM": "xterm-256color", **environment},
    ) as process:
        os.close(terminal)
        output = b""
        while chunk := _read(own):
            output += chunk
        process.wait()
    os.close(own)
    return output.decode().replace("\r\n", "\n")


def inherited() -> dict[str, str]:
    """The environment without settings of the tester's terminal."""
    return {name: value for name, value in os.environ.items() if name not in TERMINAL}


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # on Linux, the end of a terminal without a writer
        return b""


def lines_of(text: str) -> list[str]:
    """The lines without spaces at their ends."""
    return [line.rstrip() for line in text.splitlines()]
