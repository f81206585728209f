"""Keras 3's .keras: a zip of the network's configuration and a .weights.h5."""

import shutil
import tempfile
import weakref
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.frameworks import builder
from resnet_duet.port.arrays import Arrays, Entry
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.evidence import configs_of
from resnet_duet.port.files import weights_h5
from resnet_duet.port.files.zips import open_zip, read_text
from resnet_duet.port.label import KEY, Label, label_of

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
LABEL = f"{KEY}.json"  # a member that Keras passes over


class Scratch:
    """A temporary file that is there as long as this object is."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="resnet-duet-")
        self.file = Path(folder) / WEIGHTS
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)


def read(path: Path) -> Checkpoint:
    """Every variable, by its layer's name."""
    with open_zip(path) as archive:
        config, text = read_text(archive, CONFIG), read_text(archive, LABEL)
        if config is None or WEIGHTS not in archive.namelist():
            raise FileError(f"it is a zip, but holds no {CONFIG} and {WEIGHTS}")
        configs = configs_of(config)
        scratch = Scratch()
        with archive.open(WEIGHTS) as member, scratch.file.open("wb") as copy:
            shutil.copyfileobj(member, copy, 2**20)
    found = weights_h5.read(scratch.file)
    entries = {name: _kept(entry, scratch) for name, entry in found.arrays.entries.items()}
    return replace(found, arrays=Arrays(entries), label=label_of(text), configs=configs)


def write(stream: BinaryIO, arrays: Arrays, label: Label) -> None:
    """The whole network, written by Keras itself: it opens there without this package."""
    keras_twin = builder("keras")
    network = keras_twin.build(label.spec, np.result_type(*arrays.dtypes).name)
    keras_twin.write(network, arrays)
    with tempfile.TemporaryDirectory(prefix="resnet-duet-") as folder:
        whole = Path(folder) / "model.keras"
        network.save(whole)
        with zipfile.ZipFile(whole, "a") as archive:
            archive.writestr(LABEL, label.to_json())
        with whole.open("rb") as copy:
            shutil.copyfileobj(copy, stream, 2**20)


def _kept(entry: Entry, scratch: Scratch) -> Entry:
    """The entry, which keeps the file that it lies in."""

    def read() -> np.ndarray:
        assert scratch.file.is_file()
        return entry.read()

    return replace(entry, read=read)
