"""`code.py:name`: a network, or a `Function`, that somebody's Python file makes."""

import runpy
import sys
from pathlib import Path

from resnet_duet.errors import FileError
from resnet_duet.proof import adapters
from resnet_duet.proof.network import Network


def network(place: str) -> Network:
    """Run the file, and take what it calls `name`: a torch module, a Keras model or a `Function`.

    The file is run as Python runs it: give none that you would not run yourself.

    Raises:
        FileError: there is no such file or name, or running it raises an error.
    """
    path, _, name = place.rpartition(":")
    if not Path(path).is_file():
        raise FileError(f"{path} does not exist")
    sys.path.insert(0, str(Path(path).resolve().parent))  # where Python looks when it runs a file
    try:
        found = runpy.run_path(path)
    except Exception as error:
        fault = str(error).strip().partition("\n")[0]
        raise FileError(f"{path} cannot be run: {type(error).__name__}: {fault}") from error
    if name not in found:
        raise FileError(f"{path} makes nothing called {name!r}")
    return adapters.network(found[name]).called(place)
