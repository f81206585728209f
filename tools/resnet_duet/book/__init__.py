"""What the pages of the book need where they run: quiet frameworks, tables, pictures."""

import logging
import os
import subprocess
import sys
from pathlib import Path

from resnet_duet.book.pictures import picture
from resnet_duet.book.table import Table, hidden, mends, shown
from resnet_duet.frameworks import FRAMEWORKS, builder

__all__ = ["Table", "hidden", "mends", "picture", "prepare", "shown"]

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
    from IPython import get_ipython

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
    """What `!` does, with the output in one piece, and with an error that ends the cell."""
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    if done.returncode > 1:  # 1 is an answer: not the same function
        raise RuntimeError(done.stderr)
