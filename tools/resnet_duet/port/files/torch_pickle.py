"""PyTorch's .pth, .pt, .th: a pickle, read under the rule that it may hold data only."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.frameworks import builder
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.unwrap import descend
from resnet_spec import ResNetSpec

SPEC = "resnet_spec.json"  # a record beside the pickle, which torch.load passes over


def read(path: Path) -> Checkpoint:
    """The tensors of the innermost state_dict, on the CPU."""
    builder("torch")
    import torch

    try:
        tree = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if wish := _wish(str(error)):
            raise FileError(f"refused, since its pickle wants to run code ({wish})") from None
        raise
    if not isinstance(tree, Mapping):
        raise FileError(f"it holds a {type(tree).__name__} and no state_dict")
    state, left_out = descend(tree)
    arrays = {str(name): _array(v) for name, v in state.items() if isinstance(v, torch.Tensor)}
    others = [str(name) for name in state if str(name) not in arrays]
    return Checkpoint(arrays, _spec(path), (*left_out, *others))


def write(path: Path, checkpoint: Checkpoint) -> None:
    """A state_dict, and the spec beside it."""
    builder("torch")
    import torch

    torch.save({n: torch.from_numpy(np.array(a)) for n, a in checkpoint.arrays.items()}, path)
    if checkpoint.spec is not None:
        with zipfile.ZipFile(path, "a") as archive:
            folder = archive.namelist()[0].partition("/")[0]
            archive.writestr(f"{folder}/{SPEC}", checkpoint.spec.to_json())


def _array(tensor: Any) -> np.ndarray:
    """NumPy has no bfloat16: float32 holds each of its values exactly."""
    import torch

    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy(force=True)


def _spec(path: Path) -> ResNetSpec | None:
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(f"/{SPEC}")]
        return ResNetSpec.from_json(archive.read(members[0]).decode()) if members else None


def _wish(message: str) -> str:
    """The line of torch.load's answer that says what a pickle wants to call; "" if none does."""
    return next((line.strip() for line in message.splitlines() if "GLOBAL" in line), "")
