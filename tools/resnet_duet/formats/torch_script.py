"""TorchScript, the programs of `torch.jit.save`: read by PyTorch, which runs what is in them."""

import warnings
import zipfile
from pathlib import Path

from resnet_duet.errors import FileError, FrameworkError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.damage import ZIP_ERRORS, corrupted
from resnet_duet.formats.trust import Trust

KIND = "a TorchScript program"


def is_torchscript(path: Path) -> bool:
    """Whether a file is a zip with the code of a TorchScript program."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except ZIP_ERRORS:
        return False  # the reader of checkpoints reports what is wrong
    folders = {name.removesuffix("constants.pkl") for name in names if "/constants.pkl" in name}
    return any(name.startswith(f"{folder}code/") for folder in folders for name in names)


def read(path: Path, trust: Trust) -> Checkpoint:
    """The arrays of the program under the names of its state_dict, and its graph.

    Raises:
        FileError: the file is not trusted, or damaged.
        FrameworkError: PyTorch is not installed.
        GraphError: see `graphs.torch_module.read`.
    """
    if trust is not Trust.CODE:
        raise FileError(
            "this is a TorchScript program; to read it, PyTorch runs the code in the file",
            [
                "if you trust the file: pass --trust",
                "without its code: torch.save(torch.jit.load(old).state_dict(), new)",
            ],
        )
    try:
        import torch
    except ImportError as error:
        raise FrameworkError(
            "TorchScript files need torch, which is not installed: pip install 'resnet-duet[torch]'"
        ) from error
    from resnet_duet.graphs import torch_module

    with corrupted(KIND, RuntimeError, ValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated
        program = torch.jit.load(path, map_location="cpu").eval()
    graph, arrays = torch_module.read(program)
    return Checkpoint(arrays, None, graph=graph)
