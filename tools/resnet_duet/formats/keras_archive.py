"""Keras 3's .keras: a zip of the model's configuration and a .weights.h5."""

import shutil
import tempfile
import weakref
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.formats import weights_h5
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.formats.damage import ZIP_ERRORS, corrupted
from resnet_duet.formats.keras_config import configs_of
from resnet_duet.formats.zips import open_zip, read_text
from resnet_duet.frameworks import KERAS
from resnet_duet.metadata import METADATA_KEY, metadata_from
from resnet_duet.weights.arrays import Arrays, Entry

KIND = "a Keras archive"
CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
METADATA = f"{METADATA_KEY}.json"  # a member that Keras ignores


class TempFile:
    """A temporary file that exists as long as this object."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="resnet-duet-")
        self.file = Path(folder) / WEIGHTS
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)


def read(path: Path) -> Checkpoint:
    """Every variable, by its layer's name."""
    with open_zip(path, KIND) as archive:
        config, text = read_text(archive, CONFIG, KIND), read_text(archive, METADATA, KIND)
        if config is None or WEIGHTS not in archive.namelist():
            raise FileError(f"not {KIND}: it is a zip without {CONFIG} or {WEIGHTS}")
        configs = configs_of(config)
        temp = TempFile()
        with (
            corrupted(KIND, *ZIP_ERRORS),
            archive.open(WEIGHTS) as member,
            temp.file.open("wb") as copy,
        ):
            shutil.copyfileobj(member, copy, 2**20)
    found = weights_h5.read(temp.file)
    entries = {name: _with_file(entry, temp) for name, entry in found.arrays.entries.items()}
    return replace(found, arrays=Arrays(entries), metadata=metadata_from(text), configs=configs)


def write(stream: BinaryIO, content: Content) -> None:
    """The whole network, written by Keras itself: it opens there without this package."""
    metadata, arrays = content.metadata, content.arrays
    network = KERAS.build(metadata.spec, np.result_type(*arrays.dtypes).name)
    KERAS.write(network, arrays)
    with tempfile.TemporaryDirectory(prefix="resnet-duet-") as folder:
        whole = Path(folder) / "model.keras"
        network.save(whole)
        with zipfile.ZipFile(whole, "a") as archive:
            archive.writestr(METADATA, metadata.to_json())
        with whole.open("rb") as copy:
            shutil.copyfileobj(copy, stream, 2**20)


def _with_file(entry: Entry, temp: TempFile) -> Entry:
    """The entry, which keeps its temporary file alive."""

    def read() -> np.ndarray:
        assert temp.file.is_file()
        return entry.read()

    return replace(entry, read=read)
