"""Keras 3's .weights.h5: groups numbered by class, each with its layer's name as an attribute."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.frameworks import builder
from resnet_duet.port.checkpoint import Checkpoint
from resnet_spec import ResNetSpec

SPEC = "resnet_spec"
WEIGHTS = "model.weights.h5"  # the same file within a .keras
WORDS = {
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "conv2d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
}


def read(path: Path) -> Checkpoint:
    """Every variable, by its layer's name."""
    with h5py.File(path) as file:
        return read_group(file)


def read_group(file: h5py.Group) -> Checkpoint:
    """The same, from an open file."""
    if "layers" not in file:
        raise FileError("it has no group 'layers', so it holds no weights of Keras 3")
    arrays = {name: array for key, g in file["layers"].items() for name, array in _layer(key, g)}
    text = file.attrs.get(SPEC)
    return Checkpoint(arrays, ResNetSpec.from_json(text) if text else None)


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Keras' own file of the network's weights, and the spec as an attribute.

    `save_weights` writes through HDF5, which crashes the process when the disk is full. The same
    file stands in a .keras archive, and Keras makes that one in memory.
    """
    archive = path.parent / "model.keras"
    model(checkpoint).save(archive)
    with zipfile.ZipFile(archive) as parts:
        content = io.BytesIO(parts.read(WEIGHTS))
    archive.unlink()
    with h5py.File(content, "a") as file:
        file.attrs[SPEC] = spec_of(checkpoint).to_json()
    path.write_bytes(content.getvalue())


def model(checkpoint: Checkpoint) -> Any:
    """The Keras network that holds these arrays."""
    keras_twin = builder("keras")
    dtype = np.result_type(*checkpoint.arrays.values()).name
    network = keras_twin.build(spec_of(checkpoint), dtype)
    keras_twin.write(network, checkpoint.arrays)
    return network


def spec_of(checkpoint: Checkpoint) -> ResNetSpec:
    """The spec without which Keras' order of layers is unknown."""
    if checkpoint.spec is None:
        raise FileError("a Keras file is written from a network, so it needs a spec")
    return checkpoint.spec


def _layer(key: str, group: h5py.Group) -> Iterator[tuple[str, np.ndarray]]:
    """`conv2d_7/vars/0` of the layer named conv1 is conv1/kernel."""
    variables = group.get("vars", {})
    words = WORDS.get(key.rstrip("_0123456789"), ())
    for number in sorted(variables, key=int):
        word = words[int(number)] if int(number) < len(words) else number
        yield f"{variables.attrs.get('name', key)}/{word}", variables[number][()]
