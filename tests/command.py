"""The command in a process of its own."""

import os
import subprocess
import sys

COMMAND = [sys.executable, "-m", "resnet_duet"]


def run(*arguments, cwd=None, code=0, **environment):
    """stdout of the command, which must end with this status and, on failure, with one line."""
    result = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )
    assert result.returncode == code, result.stderr
    if code == 2:
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        return result.stderr
    assert result.stderr == ""
    return result.stdout
