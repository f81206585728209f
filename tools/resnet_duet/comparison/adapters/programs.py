"""Files that hold a whole model: which library runs them, and what prevents it."""

import zipfile
from collections.abc import Mapping
from enum import Enum
from importlib import import_module
from pathlib import Path

from resnet_duet import formats
from resnet_duet.comparison.subject import Subject
from resnet_duet.errors import FileError
from resnet_duet.formats import hdf5
from resnet_duet.formats.damage import ZIP_ERRORS
from resnet_duet.formats.trust import Trust
from resnet_spec import ResNetError

KERAS_3 = ".keras"
KERAS_2 = (".h5", ".hdf5")
EXPORTED = ".pt2"
ONNX = ".onnx"
MODEL_CONFIG = "model_config"  # the attribute of an HDF5 file that describes the model
TORCHSCRIPT_MEMBER = "constants.pkl"  # in every TorchScript archive, and in no state_dict


class Program(Enum):
    """A kind of file that describes a function; the value is the adapter that runs it."""

    KERAS = "keras_file"
    SAVED_MODEL = "saved_model"
    EXPORTED = "torch_export"
    TORCHSCRIPT = "torchscript"
    ONNX = "onnx"


class CannotRunError(ResNetError):
    """A file's own function cannot be run here: its library is missing, or is not trusted.

    The message completes the sentence "compared with our reading of the file, since ...".
    """


def program_of(path: Path | str) -> Program | None:
    """The kind of a file; None for one of weights only, a damaged one, or one that is not there."""
    path = Path(path)
    if formats.is_saved_model(path):
        return Program.SAVED_MODEL
    if not path.is_file():
        return None
    if path.name.endswith(KERAS_3):
        return Program.KERAS
    if path.name.endswith(KERAS_2):
        return Program.KERAS if _describes_model(path) else None
    if path.name.endswith(ONNX):
        return Program.ONNX
    if path.name.endswith(EXPORTED):
        return Program.EXPORTED
    return Program.TORCHSCRIPT if _is_torchscript(path) else None


def own_function(
    path: Path | str, program: Program, trust: Trust, layers: Mapping[str, str]
) -> Subject:
    """The function of a whole model, run by its own library.

    Args:
        path: the file.
        program: its kind.
        trust: whether programs of PyTorch may be run.
        layers: {canonical name of a layer: the file's name}; empty if they are unknown.

    Raises:
        CannotRunError: its library is not installed, cannot open it, or is not trusted.
        FileError: the file is damaged, contains code, or its function takes something other
            than one batch of images.
    """
    if program in (Program.EXPORTED, Program.TORCHSCRIPT) and trust is not Trust.CODE:
        raise CannotRunError("the program in it is only run with --trust")
    adapter = import_module(f"resnet_duet.comparison.adapters.{program.value}")
    found = adapter.subject(path, layers)
    assert isinstance(found, Subject)
    return found


def _describes_model(path: Path) -> bool:
    """Whether an HDF5 file holds a whole Keras model, and not its weights only."""
    try:
        return MODEL_CONFIG in hdf5.index(path).attributes[""]
    except FileError:
        return False


def _is_torchscript(path: Path) -> bool:
    """Whether a file is a TorchScript archive. Of its members only the names are read."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except (OSError, *ZIP_ERRORS):
        return False
    return any(name.rpartition("/")[2] == TORCHSCRIPT_MEMBER for name in members)


def one_of(things: list[str], path: Path | str, role: str) -> str:
    """The only input or output of a model.

    Args:
        things: their names.
        path: the file, for the message.
        role: "input" or "output".

    Raises:
        FileError: there is none, or more than one.
    """
    if len(things) != 1:
        names = f": {', '.join(things)}" if things else ""
        raise FileError(
            f"{path}: the model has {len(things)} {role}s{names}; a network to compare has one"
            " input, a batch of images, and one output"
        )
    return things[0]
