"""Hugging Face's .safetensors: a JSON header and raw bytes."""

from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from resnet_duet.port.checkpoint import Checkpoint
from resnet_spec import ResNetSpec

SPEC = "resnet_spec"


def read(path: Path) -> Checkpoint:
    """Every tensor of the file."""
    with safe_open(path, framework="numpy") as file:
        arrays = {name: _array(file, name) for name in file.keys()}  # noqa: SIM118
        text = (file.metadata() or {}).get(SPEC)
    return Checkpoint(arrays, ResNetSpec.from_json(text) if text else None)


def _array(file: Any, name: str) -> np.ndarray:
    """NumPy has no bfloat16 of its own: float32 holds each of its values exactly."""
    if file.get_slice(name).get_dtype() != "BF16":
        return file.get_tensor(name)
    import ml_dtypes  # noqa: F401  # by this NumPy learns the word

    return file.get_tensor(name).astype(np.float32)


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Every array, and the spec in the header. `format` is what transformers asks for."""
    metadata = {"format": "pt"}
    if checkpoint.spec is not None:
        metadata[SPEC] = checkpoint.spec.to_json()
    save_file({name: np.array(array) for name, array in checkpoint.arrays.items()}, path, metadata)
