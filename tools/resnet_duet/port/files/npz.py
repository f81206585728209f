"""NumPy's .npz: a zip of .npy files."""

import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from resnet_duet.errors import FileError
from resnet_duet.port.arrays import Arrays, Entry
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.files.zips import EPOCH, open_zip
from resnet_duet.port.label import KEY, Label, label_of

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read(path: Path) -> Checkpoint:
    """Every array of the file; pickled objects are refused."""
    archive = open_zip(path)
    members = {name.removesuffix(".npy"): name for name in archive.namelist()}
    label = label_of(str(_array(archive, members.pop(KEY)).item())) if KEY in members else None
    entries = {name: _entry(archive, member) for name, member in members.items()}
    return Checkpoint(Arrays(entries), label)


def write(stream: BinaryIO, arrays: Arrays, label: Label) -> None:
    """One array after the other, and the label as one more."""
    with zipfile.ZipFile(stream, "w") as archive:
        _add(archive, KEY, np.array(label.to_json()))
        for name in arrays:
            _add(archive, name, arrays[name])


def _entry(archive: zipfile.ZipFile, member: str) -> Entry:
    with archive.open(member) as stream:
        version = npy.read_magic(stream)
        if version not in HEADERS:
            raise FileError(f"{member} is of version {version} of NumPy's format")
        shape, _, dtype = HEADERS[version](stream)
    if dtype.hasobject:
        raise FileError(f"refused, since {member} holds pickled objects, which may run code")
    return Entry(shape, dtype, lambda: _array(archive, member))


def _array(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    with archive.open(member) as stream:
        array = npy.read_array(stream, allow_pickle=False)
        if stream.read(1):  # to the end, where the checksum is compared
            raise FileError(f"{member} is longer than its array")
    return array


def _add(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    with archive.open(zipfile.ZipInfo(f"{name}.npy", EPOCH), "w", force_zip64=True) as member:
        npy.write_array(member, array, allow_pickle=False)
