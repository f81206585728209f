"""The table of file formats: one row each. The module of a row reads and writes its files.

A module is imported when a file of its format is met, so no library is loaded without need.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from resnet_duet.errors import FileError
from resnet_duet.formats.torch_script import is_torchscript
from resnet_duet.frameworks.framework import Axes
from resnet_duet.weights.dialect import KERAS, Dialect


def any_dialect(_dialect: Dialect) -> bool:
    """A flat list of names can hold every dialect."""
    return True


def keras_variables(dialect: Dialect) -> bool:
    """Layers that contain variables: `layer/word`, with Keras' words."""
    return dialect.layout.words == KERAS.words


def torchvision_only(dialect: Dialect) -> bool:
    """The canonical names: the nodes of this project's graphs refer to their arrays by them."""
    return dialect.name == "torchvision"


def keras_only(dialect: Dialect) -> bool:
    """The names of this project's own Keras networks: the file holds the whole network."""
    return dialect.name == "keras"


@dataclass(frozen=True)
class Source:
    """A format that can be read.

    Attributes:
        about: its name, for people.
        suffixes: the endings of its file names.
        module: the module of this package that reads and writes it.
    """

    about: str
    suffixes: tuple[str, ...]
    module: str

    def load_module(self) -> ModuleType:
        """Import the module that reads and writes this format."""
        return import_module(f"resnet_duet.formats.{self.module}")


@dataclass(frozen=True)
class Program(Source):
    """A format whose files contain programs, which are run to read them.

    Its module's `read` takes the `Trust` in the file.
    """


@dataclass(frozen=True)
class Format(Source):
    """A format that can be read and written.

    Attributes:
        dialect: the dialect of its files, unless another one is chosen.
        holds: whether it can hold a dialect.
        dtypes: the precisions that it can hold.
        input_layouts: the layouts of the input image among which one may choose, the default first.
            Empty if its files hold no graph, or if their framework has one layout only.
    """

    dialect: str
    holds: Callable[[Dialect], bool]
    dtypes: tuple[str, ...]
    input_layouts: tuple[Axes, ...] = ()


Row = TypeVar("Row", bound=Source)

NUMPY_DTYPES = ("float16", "float32", "float64")
ALL_DTYPES = ("bfloat16", *NUMPY_DTYPES)
PYTORCH = Format(
    "PyTorch",
    (".pth", ".pt", ".th", ".pth.tar", ".bin"),
    "torch_zip",
    "torchvision",
    any_dialect,
    ALL_DTYPES,
)
FORMATS = (
    PYTORCH,
    Format("safetensors", (".safetensors",), "safetensors", "torchvision", any_dialect, ALL_DTYPES),
    Format("NumPy", (".npz",), "npz", "torchvision", any_dialect, NUMPY_DTYPES),
    Format("Keras 3 weights", (".weights.h5",), "weights_h5", "keras", keras_variables, ALL_DTYPES),
    Format("Keras 3 model", (".keras",), "keras_archive", "keras", keras_only, NUMPY_DTYPES),
    Format(
        "Keras 2 weights", (".h5", ".hdf5"), "legacy_h5", "keras", keras_variables, NUMPY_DTYPES
    ),
    Format(
        "ONNX",
        (".onnx",),
        "onnx",
        "torchvision",
        torchvision_only,
        NUMPY_DTYPES,
        input_layouts=("NCHW", "NHWC"),
    ),
)

TENSORFLOW = Source("TensorFlow checkpoint", (".ckpt", ".index"), "tensorflow")
SAVED_MODEL = Source("SavedModel", (), "tensorflow")  # a directory, so it has no ending
TORCH_EXPORT = Source("PyTorch exported program", (".pt2",), "torch_export")
TORCHSCRIPT = Program("TorchScript", (), "torch_script")  # the endings are PyTorch's
SOURCES = (TENSORFLOW, TORCH_EXPORT)


def ending(path: Path) -> str:
    """The ending that determines a file's format; "" if no format has it."""
    suffixes = (suffix for row in (*FORMATS, *SOURCES) for suffix in row.suffixes)
    return next((s for s in sorted(suffixes, key=len)[::-1] if path.name.endswith(s)), "")


def is_saved_model(path: Path) -> bool:
    """Whether a directory is a SavedModel of TensorFlow, which is read like a file."""
    return (path / "saved_model.pb").is_file()


def is_readable(path: Path) -> bool:
    """Whether this is a file with a known ending, or a SavedModel."""
    return is_saved_model(path) or (ending(path) != "" and path.is_file())


def by_ending(path: Path, rows: Iterable[Row]) -> Row:
    """The format with the ending of this file name. Raises FileError: no format has it."""
    rows = tuple(rows)
    for row in rows:
        if path.name.endswith(row.suffixes):
            return row
    known = ", ".join(f"{' '.join(row.suffixes)} ({row.about})" for row in rows)
    raise FileError(f"{path}: the ending must be one of {known}")


def readable_format(path: Path) -> Source:
    """The format of a file that is to be read.

    Raises:
        FileError: no such file, no regular file, or an unknown ending.
    """
    try:
        return _readable_format(path)
    except OSError as error:  # for instance, a name that is too long
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error


def _readable_format(path: Path) -> Source:
    if is_saved_model(path):
        return SAVED_MODEL
    if path.name and path.with_name(f"{path.name}.index").is_file():
        return TENSORFLOW  # named by the prefix of its files, as TensorFlow does
    if not path.is_file():  # never open anything else: a named pipe waits for its writer
        raise _no_file(path)
    if path.name.endswith(TENSORFLOW.suffixes) and _is_pytorch(path):
        return PYTORCH
    row = by_ending(path, (*FORMATS, *SOURCES))
    return TORCHSCRIPT if row is PYTORCH and is_torchscript(path) else row


def _is_pytorch(path: Path) -> bool:
    """Whether a .ckpt is PyTorch Lightning's: a zip or a pickle, not TensorFlow's table."""
    with path.open("rb") as stream:
        return stream.read(4).startswith((b"PK", b"\x80"))


def _no_file(path: Path) -> FileError:
    """The error for a path that is not a regular file."""
    if path.is_dir():
        found = sorted(item.name for item in path.iterdir() if ending(item))
        if found:
            return FileError(f"{path} is a directory, not a checkpoint; pass a file in it:", found)
        return FileError(f"{path} is a directory, not a checkpoint, and has no checkpoints in it")
    kinds = {
        "a named pipe": path.is_fifo(),
        "a socket": path.is_socket(),
        "a device": path.is_char_device() or path.is_block_device(),
    }
    for kind, is_this in kinds.items():
        if is_this:
            return FileError(f"{path} is {kind}, not a file; save the checkpoint to a file first")
    return FileError(f"{path} does not exist")
