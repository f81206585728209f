"""NumPy's .npz: a zip of .npy files."""

from pathlib import Path

import numpy as np

from resnet_duet.port.checkpoint import Checkpoint
from resnet_spec import ResNetSpec

SPEC = "resnet_spec"  # an array of one string beside the weights


def read(path: Path) -> Checkpoint:
    """Every array of the file; pickled objects are refused."""
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files if name != SPEC}
        text = str(file[SPEC]) if SPEC in file.files else None
    return Checkpoint(arrays, ResNetSpec.from_json(text) if text else None)


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Every array, and the spec as one more."""
    arrays = dict(checkpoint.arrays)
    if checkpoint.spec is not None:
        arrays[SPEC] = np.array(checkpoint.spec.to_json())
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # `allow_pickle` names no array
