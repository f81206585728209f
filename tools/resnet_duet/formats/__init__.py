"""Reading and writing checkpoint files of every format: `read`, `check_writable`, `write`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import numpy as np

from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.formats.atomic import atomic_write
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.formats.table import (
    FORMATS,
    SAVED_MODEL,
    SOURCES,
    Format,
    Program,
    Source,
    by_ending,
    ending,
    is_readable,
    is_saved_model,
    readable_format,
)
from resnet_duet.formats.trust import Trust
from resnet_duet.formats.zips import refuse_bomb
from resnet_duet.frameworks.framework import Axes
from resnet_duet.metadata import FileMetadata
from resnet_duet.weights.arrays import Arrays, Entry, Shape
from resnet_duet.weights.dialects import dialect as dialect_of
from resnet_spec import ResNetError
from resnet_spec.errors import printable

__all__ = [
    "FORMATS",
    "SAVED_MODEL",
    "SOURCES",
    "Format",
    "Source",
    "Target",
    "Trust",
    "check_writable",
    "ending",
    "is_readable",
    "is_saved_model",
    "read",
    "write",
]

MOST_ARRAYS = 2**16  # in a file; 1,202 layers with everything that their training keeps are 30,000
LONGEST_NAME = 1024  # characters of an array's name
MOST_AXES = 32  # of an array
LARGEST = 2**48  # values of an array, even if another of its sizes is 0


@dataclass(frozen=True)
class Target:
    """A file that may be written; see `check_writable`.

    Attributes:
        path: the file.
        format: its format, by its ending.
        dialect: the name of the dialect to write.
        overwrite: whether an existing file is replaced.
        input_layout: axes of the input image; None if the format holds no graph.
    """

    path: Path
    format: Format
    dialect: str
    overwrite: bool
    input_layout: Axes | None


def read(path: Path | str, trust: Trust = Trust.DATA) -> Checkpoint:
    """Open a checkpoint file. Its arrays are read later, one by one, when they are used.

    Args:
        path: the file.
        trust: whether a program in the file may be run. TorchScript cannot be read without.

    Raises:
        FileError: no such file, an unknown format, a file that is corrupted or of another format
            than its ending says, or one that would unpack to more than weights can. Reading an
            array later may raise it as well.
        FrameworkError: the format needs a framework that is not installed.
    """
    path = Path(path)
    row = readable_format(path)
    with _errors_name(path):
        reader = row.load_module()
        found = reader.read(path, trust) if isinstance(row, Program) else reader.read(path)
        _refuse_impossible(path, found)
        if not found.arrays:
            raise FileError("the file contains no arrays")
    entries = {name: _located(path, entry) for name, entry in found.arrays.entries.items()}
    skipped = tuple(map(printable, found.skipped))
    return replace(found, arrays=Arrays(entries), skipped=skipped)


def check_writable(
    path: Path | str, dialect: str | None, overwrite: bool, input_layout: Axes | None
) -> Target:
    """Check, before any other work, that a file may be written.

    Args:
        path: the file; its ending determines the format.
        dialect: the dialect to write; None for the format's own.
        overwrite: whether an existing file may be replaced.
        input_layout: "NCHW" or "NHWC", axes of the image that a graph takes; None for the default.

    Returns:
        What `write` needs to know of the file.

    Raises:
        FileError: an unknown ending; a format that cannot hold the dialect or has no input layout;
            a missing directory; or an existing file that must not be replaced.
        DialectError: an unknown dialect.
    """
    path = Path(path)
    row = by_ending(path, FORMATS)
    own = dialect_of(row.dialect if dialect is None else dialect)
    if not row.holds(own):
        raise FileError(f"{path}: {row.about} files cannot hold the {own.name} dialect")
    if input_layout and input_layout not in row.input_layouts:
        _refuse_layout(path, row, input_layout)
    try:
        _refuse_place(path, overwrite)
    except OSError as error:  # for instance, a name that is too long
        raise _cannot_be_written(path, error) from error
    default = row.input_layouts[0] if row.input_layouts else None
    return Target(path, row, own.name, overwrite, input_layout or default)


def write(target: Target, arrays: Arrays, metadata: FileMetadata) -> None:
    """Write a file completely or not at all. An existing file is replaced by a complete one only.

    Args:
        target: from `check_writable`.
        arrays: under the names of the target's dialect and in its order.
        metadata: describes the network.

    Raises:
        FileError: the format cannot hold the precision of the arrays; or the file exists by now and
            must not be replaced; or it cannot be written, for instance because the disk is full.
        WeightsError: a format that holds a graph, and arrays that are not its network's.
        FrameworkError: the format needs a framework that is not installed.
    """
    path, row = target.path, target.format
    if unfit := sorted({dtype.name for dtype in arrays.dtypes} - set(row.dtypes)):
        raise FileError(f"{path}: {row.about} files cannot hold {unfit[0]}; pass --dtype float32")
    module = row.load_module()
    try:
        with atomic_write(path, target.overwrite) as stream:
            module.write(stream, Content(arrays, metadata, target.input_layout))
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise _cannot_be_written(path, error) from error


def _refuse_place(path: Path, overwrite: bool) -> None:
    """Raise FileError if no file may be written here."""
    if not path.parent.is_dir():
        raise FileError(f"output directory '{path.parent}' does not exist")
    if path.is_dir():
        raise FileError(f"{path} is a directory; pass the name of a file in it")
    if (path.exists() or path.is_symlink()) and not overwrite:
        raise _exists(path)


def _exists(path: Path) -> FileError:
    return FileError(f"{path} exists; pass --overwrite to replace it")


def _cannot_be_written(path: Path, error: OSError) -> FileError:
    return FileError(f"{path} cannot be written: {error.strerror or error}")


def _refuse_layout(path: Path, row: Format, input_layout: Axes) -> None:
    """Raise the FileError for an input layout that the format does not have."""
    if row.input_layouts:
        known = " or ".join(row.input_layouts)
        raise FileError(f"{path}: the input layout must be {known}, not {input_layout!r}")
    graphs = ", ".join(suffix for row in FORMATS if row.input_layouts for suffix in row.suffixes)
    raise FileError(f"{path}: an input layout can be chosen for {graphs} files only")


def _refuse_impossible(path: Path, found: Checkpoint) -> None:
    """Raise FileError if no network has such arrays, or their bytes cannot be in the file."""
    arrays = found.arrays
    if len(arrays) > MOST_ARRAYS:
        raise FileError(f"the file has {len(arrays):,} arrays; the limit is {MOST_ARRAYS:,}")
    for name, entry in arrays.entries.items():
        if not name.isprintable() or len(name) > LONGEST_NAME:
            raise FileError(f"invalid array name: {name[:LONGEST_NAME]}")
        if not _is_possible(entry.shape):
            raise FileError(f"{name} has an invalid shape: {entry.shape}")
        if entry.dtype.hasobject:  # its bytes would be used as addresses
            raise FileError(f"refused: {name} contains Python objects, not numbers")
    if path.is_file():
        refuse_bomb((path, *found.companions), arrays.nbytes)


def _is_possible(shape: Shape) -> bool:
    """Whether NumPy can have an array of this shape. It multiplies the sizes other than 0."""
    if len(shape) > MOST_AXES or any(size < 0 for size in shape):
        return False
    return prod(max(size, 1) for size in shape) <= LARGEST


@contextmanager
def _errors_name(path: Path) -> Iterator[None]:
    """Put the path in front of errors. A bug, which is any other exception, passes through."""
    try:
        yield
    except FrameworkError:
        raise
    except ResNetError as error:
        raise FileError(f"{path}: {error.summary}", error.details) from error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error


def _located(path: Path, entry: Entry) -> Entry:
    """The entry in this machine's byte order, with errors that name its file."""
    dtype = entry.dtype.newbyteorder("=")

    def read() -> np.ndarray:
        with _errors_name(path):
            return entry.read().astype(dtype, copy=False)

    return Entry(entry.shape, dtype, read)
