"""`CODE.py:NAME`: a network, or a `Function`, that a user's Python file defines."""

import runpy
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from resnet_duet.comparison import adapters
from resnet_duet.comparison.subject import Subject
from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.frameworks import FRAMEWORKS

MOST_NAMES = 20  # listed where the one asked for is missing


def subject(argument: str) -> Subject:
    """Execute a file and take the torch module, Keras model or `Function` with a name.

    The file is executed as `python CODE.py` would, except that `__name__` is not "__main__". Its
    folder is searched for imports meanwhile.

    Args:
        argument: CODE.py:NAME, the path of the file and the name of a global variable in it.

    Raises:
        FileError: the file does not exist, has no such name, or raises an error.
        ResNetError: the object cannot be compared.
    """
    path, _, name = argument.rpartition(":")
    if not path:
        raise FileError(f"{argument} is code: name the network in it, as {argument}:NAME")
    if not Path(path).is_file():
        raise FileError(f"{path} does not exist")
    _import_frameworks(Path(path))
    with _searched(Path(path).resolve().parent):
        found = _executed(path)
    if name not in found:
        names = ", ".join(_own_names(found)) or "nothing"
        raise FileError(f"{path} defines no {name!r} (found: {names})")
    return adapters.subject(found[name]).with_title(argument)


def _import_frameworks(path: Path) -> None:
    """Import the frameworks that a file mentions, so that their log lines are held back.

    TensorFlow writes lines to stderr when it is imported. `Framework.builder` hides them; the
    user's own import does not.
    """
    text = path.read_text(errors="ignore")
    for framework in FRAMEWORKS.values():
        if framework.is_installed() and any(name in text for name in framework.requires):
            with suppress(FrameworkError):  # the file may work without our builder
                framework.builder()


@contextmanager
def _searched(folder: Path) -> Iterator[None]:
    """Search a folder for imports first, as Python does for a file that it runs."""
    before = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = before


def _executed(path: str) -> dict[str, Any]:
    """The global variables of a file after its execution."""
    try:
        return runpy.run_path(path)
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        message = str(error).strip().partition("\n")[0]
        raise FileError(f"{path} cannot be run: {type(error).__name__}: {message}") from error


def _own_names(found: Mapping[str, Any]) -> list[str]:
    """The public names that a file defines itself, not those that it imports."""
    own = [
        name
        for name, value in found.items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and not (
            isinstance(value, type | FunctionType | BuiltinFunctionType)
            and value.__module__ != found["__name__"]
        )
    ]
    return own[:MOST_NAMES]
