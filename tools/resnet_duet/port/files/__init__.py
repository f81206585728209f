"""Every file format: one small module each with `read` and `write`, and a row here.

A module is imported when a file of its format is met, so that no library is loaded without need.
"""

import tempfile
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.dialects import dialect
from resnet_duet.port.unwrap import strip
from resnet_spec import ResNetError


@dataclass(frozen=True)
class Format:
    """A container format.

    Attributes:
        about: what it is, in a few words.
        suffixes: how its files' names end.
        module: the module of this package that reads and writes it.
        dialect: what its files are written in unless one asks for another.
        fixed: they are written in no other.
    """

    about: str
    suffixes: tuple[str, ...]
    module: str
    dialect: str
    fixed: bool


FORMATS = (
    Format("PyTorch", (".pth", ".pt", ".th", ".pth.tar"), "torch_pickle", "torchvision", False),
    Format("safetensors", (".safetensors",), "safetensors", "torchvision", False),
    Format("NumPy", (".npz",), "npz", "torchvision", False),
    Format("Keras 3 weights", (".weights.h5",), "weights_h5", "keras", True),
    Format("Keras 3 model", (".keras",), "keras_archive", "keras", True),
)
READ_ONLY = (Format("Keras 1 and 2", (".h5", ".hdf5"), "legacy_h5", "keras", True),)


def read(path: Path | str) -> Checkpoint:
    """The arrays of a file, without the wrappers of training scripts.

    Raises:
        FileError: there is no such file, no such format, or it is damaged, not what it claims, or
            holds arrays that are no weights.
        FrameworkError: its format needs a framework that is not installed.
    """
    path = Path(path)
    if not path.is_file():
        fault = "is no file" if path.exists() else "does not exist"
        raise FileError(f"{path} {fault}")
    row = _format(path, (*FORMATS, *READ_ONLY))
    try:
        found = _module(row).read(path)
        arrays, counters = strip(found.arrays)
    except FrameworkError:
        raise
    except ResNetError as error:
        raise FileError(f"{path}: {error}") from None
    except Exception as error:  # libraries fail in a dozen ways on damaged files
        fault = _first_line(error)
        raise FileError(f"{path} is damaged, or no {row.about} file: {fault}") from None
    if not arrays:
        raise FileError(f"{path} holds no arrays")
    if odd := [f"{name} ({a.dtype})" for name, a in arrays.items() if a.dtype.kind != "f"]:
        raise FileError(f"{path} holds arrays that are no weights: {', '.join(odd)}")
    return replace(found, arrays=arrays, left_out=(*found.left_out, *counters))


def write(path: Path | str, checkpoint: Checkpoint, target: str, overwrite: bool) -> None:
    """Write a file as a whole or not at all; an older one is replaced only by a complete one.

    Args:
        path: its ending chooses the format.
        checkpoint: arrays under the names of the dialect `target`, and their spec.
        target: that dialect.
        overwrite: whether an older file may be replaced.

    Raises:
        FileError: see `writable`; or the disk refuses.
    """
    path = Path(path)
    writable(path, target, overwrite)
    module = _module(_format(path, FORMATS))
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".resnet-duet-") as folder:
            part = Path(folder) / path.name
            part.touch()
            mode = part.stat().st_mode
            module.write(part, checkpoint)
            part.chmod(mode)  # safetensors lets nobody but the owner read
            part.replace(path)
    except ResNetError:
        raise
    except Exception as error:  # each library has its own way to say that the disk is full
        raise FileError(f"{path} cannot be written: {_first_line(error)}") from None


def writable(path: Path | str, target: str | None, overwrite: bool) -> str:
    """The dialect in which a file may be written here: `target`, or the format's own for None.

    Raises:
        FileError: the ending is no format's, the format is not written in this dialect, there is
            no such folder, or the file exists and must not be replaced.
        DialectError: there is no such dialect.
    """
    path = Path(path)
    row = _format(path, FORMATS)
    name = row.dialect if target is None else dialect(target).name
    if row.fixed and name != row.dialect:
        raise FileError(f"{path}: {row.about} files are written in dialect {row.dialect} only")
    if not path.parent.is_dir():
        raise FileError(f"{path.parent}: there is no such folder")
    if path.is_dir():
        raise FileError(f"{path} is a folder")
    if path.exists() and not overwrite:
        raise FileError(f"{path} exists; say --overwrite to replace it")
    return name


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
