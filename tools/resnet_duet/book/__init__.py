"""What the pages of the book need where they run: quiet frameworks, tables, figures."""

import logging
import os
import subprocess
import sys
from pathlib import Path

from resnet_duet.book.figures import figure
from resnet_duet.book.table import Table, fixes, unnoticed, visible
from resnet_duet.frameworks import FRAMEWORKS

__all__ = ["Table", "figure", "fixes", "prepare", "unnoticed", "visible"]

# Read by the frameworks when they are imported, and by every command that a page runs. One thread,
# because PyTorch's idle threads wait by spinning: when other processes use the cores, a step of a
# small network takes ten times as long with two threads as with one.
SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


def prepare() -> None:
    """Import both frameworks without output, and let `!resnet-duet` run in this environment."""
    from IPython import get_ipython

    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    os.environ.pop("FORCE_COLOR", None)  # set by Jupyter; it puts spinners into pipes
    if shell := get_ipython():
        shell.system = system
    for framework in FRAMEWORKS.values():
        framework.builder()
    # TensorFlow warns about retracing for the functions that Keras makes for each grouped layer.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


def system(command: str) -> None:
    """Run a `!` command: print its output at once, and end the cell if the command fails.

    Args:
        command: a line for the shell.

    Raises:
        RuntimeError: the exit status is above 1; 1 is an answer, as a mismatch in `verify`.
    """
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    if done.returncode > 1:
        raise RuntimeError(done.stderr)
