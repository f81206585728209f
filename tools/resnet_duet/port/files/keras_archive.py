"""Keras 3's .keras: a zip of the network's configuration and a .weights.h5."""

import io
import zipfile
from pathlib import Path

import h5py

from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.evidence import configs_of
from resnet_duet.port.files.weights_h5 import WEIGHTS, model, read_group, spec_of
from resnet_spec import ResNetSpec

CONFIG = "config.json"
SPEC = "resnet_spec.json"  # a member that Keras passes over


def read(path: Path) -> Checkpoint:
    """Every variable, by its layer's name."""
    with zipfile.ZipFile(path) as archive:
        with h5py.File(io.BytesIO(archive.read(WEIGHTS))) as file:
            arrays = read_group(file).arrays
        configs = configs_of(archive.read(CONFIG).decode())
        text = archive.read(SPEC).decode() if SPEC in archive.namelist() else None
    spec = ResNetSpec.from_json(text) if text else None
    return Checkpoint(arrays, spec, configs=configs)


def write(path: Path, checkpoint: Checkpoint) -> None:
    """The whole network: it opens in plain Keras, without this package."""
    model(checkpoint).save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(SPEC, spec_of(checkpoint).to_json())
