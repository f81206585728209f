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
from resnet_duet.formats import hdf5, keras_groups, weights_h5
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.formats.damage import ZIP_ERRORS, corrupted
from resnet_duet.formats.zips import open_zip, read_text
from resnet_duet.frameworks import KERAS
from resnet_duet.graphs.keras_config import graph_of
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
        model = keras_groups.model_of_json(config)
        temp = TempFile()
        with (
            corrupted(KIND, *ZIP_ERRORS),
            archive.open(WEIGHTS) as member,
            temp.file.open("wb") as copy,
        ):
            shutil.copyfileobj(member, copy, 2**20)
    index = hdf5.index(temp.file)
    found = weights_h5.from_index(index)
    graph = graph_of(model, keras_groups.in_order(model, index)) if model else None
    entries = {name: _with_file(entry, temp) for name, entry in found.arrays.entries.items()}
    arrays, metadata = Arrays(entries), metadata_from(text)
    return replace(found, arrays=arrays, metadata=metadata, graph=graph)


def write(stream: BinaryIO, content: Content) -> None:
    """The whole network, written by Keras itself: it opens there without this package."""
    metadata, arrays = content.metadata, content.arrays
    dtype = np.result_type(*arrays.dtypes).name
    network = KERAS.build(metadata.spec, dtype, initial="empty")
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
