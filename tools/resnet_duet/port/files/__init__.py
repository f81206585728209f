"""Every file format: one small module each with `read` and `write`, and a row here.

A module is imported when a file of its format is met, so that no library is loaded without need.
"""

import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from resnet_spec import ResNetError

from resnet_duet.errors import FileError
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.unwrap import strip


@dataclass(frozen=True)
class Format:
    """A container format.

    Attributes:
        about: what it is, in a few words.
        suffixes: how its files' names end.
        module: the module of this package that reads and writes it.
        dialect: what its files are written in unless one asks for another.
        dialects: all it can be written in; empty for every one.
    """

    about: str
    suffixes: tuple[str, ...]
    module: str
    dialect: str
    dialects: tuple[str, ...] = ()


FORMATS = (
    Format("PyTorch", (".pth", ".pt", ".th", ".pth.tar"), "torch_pickle", "torchvision"),
    Format("safetensors", (".safetensors",), "safetensors", "torchvision"),
    Format("NumPy", (".npz",), "npz", "torchvision"),
    Format("Keras 3 weights", (".weights.h5",), "weights_h5", "keras", ("keras",)),
    Format("Keras 3 model", (".keras",), "keras_archive", "keras", ("keras",)),
)
READ_ONLY = (Format("Keras 1 and 2", (".h5", ".hdf5"), "legacy_h5", "keras_numbered"),)


def read(path: Path | str) -> Checkpoint:
    """The arrays of a file, without the wrappers of training scripts.

    Raises:
        FileError: there is no such file, no such format, or it is damaged or not what it claims.
    """
    path = Path(path)
    if not path.is_file():
        raise FileError(f"{path}: there is no such file")
    row = _format(path, (*FORMATS, *READ_ONLY))
    module = _module(row)
    try:
        found = module.read(path)
    except ResNetError:
        raise
    except Exception as error:  # libraries fail in a dozen ways on damaged files
        fault = _first_line(error)
        raise FileError(f"{path} is damaged, or no {row.about} file: {fault}") from None
    arrays, counters = strip(found.arrays)
    if not arrays:
        raise FileError(f"{path} holds no arrays")
    return Checkpoint(arrays, found.spec, (*found.left_out, *counters))


def write(path: Path | str, checkpoint: Checkpoint, dialect: str, overwrite: bool) -> None:
    """Write a file as a whole or not at all; an older one is replaced only by a complete one.

    Raises:
        FileError: the target exists and must not be replaced, the format is not written or not in
            this dialect, or the disk refuses.
    """
    path = Path(path)
    row = writable(path, overwrite)
    if row.dialects and dialect not in row.dialects:
        raise FileError(f"a {row.about} file is written in dialect {', '.join(row.dialects)} only")
    module = _module(row)
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".resnet-duet-") as folder:
            part = Path(folder) / path.name
            module.write(part, checkpoint)
            part.replace(path)
    except ResNetError:
        raise
    except Exception as error:  # each library has its own way to say that the disk is full
        raise FileError(f"{path} cannot be written: {_first_line(error)}") from None


def writable(path: Path | str, overwrite: bool) -> Format:
    """The format of a target that may be written. Raises FileError, see `write`."""
    path = Path(path)
    row = _format(path, FORMATS)
    if not path.parent.is_dir():
        raise FileError(f"{path.parent}: there is no such folder")
    if path.is_dir():
        raise FileError(f"{path} is a folder")
    if path.exists() and not overwrite:
        raise FileError(f"{path} exists; say --overwrite to replace it")
    return row


def _format(path: Path, rows: tuple[Format, ...]) -> Format:
    for row in rows:
        if path.name.endswith(row.suffixes):
            return row
    suffixes = ", ".join(suffix for row in rows for suffix in row.suffixes)
    raise FileError(f"{path}: the ending must be one of {suffixes}")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _module(row: Format) -> ModuleType:
    return import_module(f"{__name__}.{row.module}")
