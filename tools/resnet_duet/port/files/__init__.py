"""Every file format: one small module each with `read` and `write`, and a row here.

A module is imported when a file of its format is met, so that no library is loaded without need.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np

from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.port.arrays import Arrays, Entry
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.dialect import KERAS, Dialect
from resnet_duet.port.dialects import dialect
from resnet_duet.port.files.atomic import whole_file
from resnet_duet.port.files.zips import refuse_bomb
from resnet_duet.port.label import Label
from resnet_spec import ResNetError
from resnet_spec.errors import printable


def any_dialect(_dialect: Dialect) -> bool:
    """A flat list of names holds any."""
    return True


def of_keras(dialect: Dialect) -> bool:
    """Layers with variables in them: `layer/word`, with Keras' words."""
    return dialect.layout.words == KERAS.words


def our_torch(dialect: Dialect) -> bool:
    """The canonical names, which our graphs' nodes read their arrays by."""
    return dialect.name == "torchvision"


def our_keras(dialect: Dialect) -> bool:
    """A whole network, which is one of ours."""
    return dialect.name == "keras"


@dataclass(frozen=True)
class Source:
    """A format that is read.

    Attributes:
        about: what it is, in a few words.
        suffixes: how its files' names end.
        module: the module of this package that reads and writes it.
    """

    about: str
    suffixes: tuple[str, ...]
    module: str


@dataclass(frozen=True)
class Format(Source):
    """A format that is written as well.

    Attributes:
        dialect: what its files are written in unless one asks for another.
        holds: the dialects that it can be written in.
        dtypes: the precisions that it can hold.
        axes: the layouts of images among which one may choose, the first if one does not; none
            where a file holds no graph, or its framework has but one.
    """

    dialect: str
    holds: Callable[[Dialect], bool]
    dtypes: tuple[str, ...]
    axes: tuple[str, ...] = ()


Row = TypeVar("Row", bound=Source)

NUMPY_S = ("float16", "float32", "float64")
ALL = ("bfloat16", *NUMPY_S)

PYTORCH = (".pth", ".pt", ".th", ".pth.tar", ".bin")
FORMATS = (
    Format("PyTorch", PYTORCH, "torch_zip", "torchvision", any_dialect, ALL),
    Format("safetensors", (".safetensors",), "safetensors", "torchvision", any_dialect, ALL),
    Format("NumPy", (".npz",), "npz", "torchvision", any_dialect, NUMPY_S),
    Format("Keras 3 weights", (".weights.h5",), "weights_h5", "keras", of_keras, ALL),
    Format("Keras 3 model", (".keras",), "keras_archive", "keras", our_keras, NUMPY_S),
    Format("Keras 2 weights", (".h5", ".hdf5"), "legacy_h5", "keras", of_keras, NUMPY_S),
    Format("ONNX", (".onnx",), "onnx", "torchvision", our_torch, NUMPY_S, ("NCHW", "NHWC")),
)

CHECKPOINT = Source("TensorFlow checkpoint", (".ckpt", ".index"), "tensorflow")
SAVED_MODEL = Source("SavedModel", (), "tensorflow")  # a folder, so it has no ending
SOURCES = (CHECKPOINT,)

MOST_ARRAYS = 2**16  # of a file; 1,202 layers and all that their training keeps are 30,000
LONGEST_NAME = 1024  # characters


def read(path: Path | str) -> Checkpoint:
    """What a file holds, its arrays unread.

    Raises:
        FileError: there is no such file, no such format, or it is damaged, not what it claims, or
            would unpack to more than weights can; reading an array later may raise it as well.
        FrameworkError: its format needs a framework that is not installed.
    """
    path = Path(path)
    row = _source(path)
    try:
        found = _module(row).read(path)
        _refuse_impossible(path, found.arrays)
    except FrameworkError:
        raise
    except ResNetError as error:
        raise FileError(f"{path}: {error}") from None
    except Exception as error:  # libraries fail in a dozen ways on damaged files
        fault = _first_line(error)
        raise FileError(f"{path} is damaged, or no {row.about} file: {fault}") from None
    if not found.arrays:
        raise FileError(f"{path} holds no arrays")
    entries = {name: _guarded(path, entry) for name, entry in found.arrays.entries.items()}
    left_out = tuple(map(printable, found.left_out))
    return replace(found, arrays=Arrays(entries), left_out=left_out)


def write(
    path: Path | str,
    arrays: Arrays,
    label: Label,
    target: str,
    overwrite: bool,
    axes: str | None = None,
) -> None:
    """Write a file as a whole or not at all; an older one is replaced only by a complete one.

    Args:
        path: its ending chooses the format.
        arrays: under the names of the dialect `target`, in its order.
        label: what the file says of itself.
        target: that dialect.
        overwrite: whether an older file may be replaced.
        axes: of the images that a graph takes; None for what is usual, or for no graph.

    Raises:
        FileError: see `writable`; or the format cannot hold the precision, or the disk refuses.
    """
    path = Path(path)
    writable(path, target, overwrite, axes)
    row = _by_ending(path, FORMATS)
    chosen = graph_axes(path, axes)
    if unfit := sorted({dtype.name for dtype in arrays.dtypes} - set(row.dtypes)):
        raise FileError(f"{path}: {row.about} files hold no {unfit[0]}; say --dtype float32")
    try:
        with whole_file(path, overwrite) as stream:
            _module(row).write(stream, arrays, label, *([chosen] if chosen else []))
    except ResNetError:
        raise
    except FileExistsError:
        raise FileError(f"{path} exists; say --overwrite to replace it") from None
    except Exception as error:  # each library has its own way to say that the disk is full
        raise FileError(f"{path} cannot be written: {_first_line(error)}") from None


def writable(path: Path | str, target: str | None, overwrite: bool, axes: str | None = None) -> str:
    """The dialect in which a file may be written here: `target`, or the format's own for None.

    Raises:
        FileError: the ending is no format's, the format is not written in this dialect or leaves
            no choice of axes, there is no such folder, or the file exists and must not be replaced.
        DialectError: there is no such dialect.
    """
    path = Path(path)
    row = _by_ending(path, FORMATS)
    name = row.dialect if target is None else dialect(target).name
    if not row.holds(dialect(name)):
        raise FileError(f"{path}: {row.about} files are not written in dialect {name}")
    if axes and not row.axes:
        free = _listed(row for row in FORMATS if row.axes)
        raise FileError(f"{path}: images of {axes} can be asked of {free} files only")
    if not path.parent.is_dir():
        raise FileError(f"{path.parent}: there is no such folder")
    if path.is_dir():
        raise FileError(f"{path} is a folder")
    if (path.exists() or path.is_symlink()) and not overwrite:
        raise FileError(f"{path} exists; say --overwrite to replace it")
    return name


def graph_axes(path: Path | str, axes: str | None) -> str | None:
    """Of the images that a file's graph takes: `axes`, or what is usual; None if it holds none."""
    usual = _by_ending(Path(path), FORMATS).axes[:1]
    return axes or usual[0] if usual else None


def is_saved_model(path: Path) -> bool:
    """Whether a folder is TensorFlow's SavedModel, which is read like a file."""
    return (path / "saved_model.pb").is_file()


def is_readable(path: Path) -> bool:
    """Whether this is a file, or a folder, of a format that can be read, by its name."""
    return is_saved_model(path) or (path.is_file() and ending(path) != "")


def ending(path: Path) -> str:
    """The ending by which a file's format is known; "" if it is no format's."""
    suffixes = (suffix for row in (*FORMATS, *SOURCES) for suffix in row.suffixes)
    return next((s for s in sorted(suffixes, key=len)[::-1] if path.name.endswith(s)), "")


def _by_ending(path: Path, rows: tuple[Row, ...]) -> Row:
    for row in rows:
        if path.name.endswith(row.suffixes):
            return row
    raise FileError(f"{path}: the ending must be one of {_listed(rows)}")


def _source(path: Path) -> Source:
    """The format of what is to be read."""
    if is_saved_model(path):
        return SAVED_MODEL
    if path.with_name(f"{path.name}.index").is_file():
        return CHECKPOINT  # named by the prefix of its files, as TensorFlow does
    if not path.is_file():
        raise FileError(f"{path} {'is no file' if path.exists() else 'does not exist'}")
    if path.name.endswith(CHECKPOINT.suffixes) and _is_of_pytorch(path):
        return FORMATS[0]
    return _by_ending(path, (*FORMATS, *SOURCES))


def _is_of_pytorch(path: Path) -> bool:
    """Whether this .ckpt is Lightning's: a zip or a pickle, and not TensorFlow's table."""
    with path.open("rb") as stream:
        return stream.read(4).startswith((b"PK", b"\x80"))


def _listed(rows: Iterable[Source]) -> str:
    return ", ".join(suffix for row in rows for suffix in row.suffixes)


def _refuse_impossible(path: Path, arrays: Arrays) -> None:
    """Raise FileError if no network has such arrays, or their bytes cannot be in the file."""
    if len(arrays) > MOST_ARRAYS:
        raise FileError(f"{len(arrays):,} arrays are more than any network has")
    for name, entry in arrays.entries.items():
        if not name.isprintable() or len(name) > LONGEST_NAME:
            raise FileError(f"it holds an array of an impossible name: {name[:LONGEST_NAME]}")
        if any(size < 0 for size in entry.shape):
            raise FileError(f"{name} has the impossible shape {entry.shape}")
        if entry.dtype.hasobject:  # its bytes would be taken for addresses
            raise FileError(f"refused, since {name} holds objects and no numbers")
    if path.is_file():
        refuse_bomb(path, arrays.nbytes)


def _guarded(path: Path, entry: Entry) -> Entry:
    """The entry in this machine's byte order; its file is blamed if its bytes are damaged."""
    dtype = entry.dtype.newbyteorder("=")

    def read() -> np.ndarray:
        try:
            return entry.read().astype(dtype, copy=False)
        except Exception as error:
            raise FileError(f"{path} is damaged: {_first_line(error)}") from None

    return Entry(entry.shape, dtype, read)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _module(row: Source) -> ModuleType:
    return import_module(f"{__name__}.{row.module}")
