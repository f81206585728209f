"""NumPy's .npz: a zip of .npy files."""

import tokenize
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.formats.damage import ZIP_ERRORS, corrupted
from resnet_duet.formats.zips import EPOCH, open_zip
from resnet_duet.metadata import METADATA_KEY, metadata_from
from resnet_duet.weights.arrays import Arrays, Entry

KIND = "a NumPy archive"
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

# NumPy parses a header as a Python literal, so these are its errors on a malformed one. MemoryError
# and RecursionError: brackets nested too deeply for Python's parser, or an array too large.
NPY_ERRORS = (
    *(ValueError, SyntaxError, TypeError, IndexError, tokenize.TokenError),
    *(MemoryError, RecursionError, *ZIP_ERRORS),
)


def read(path: Path) -> Checkpoint:
    """Every array of the file. Pickled objects are refused."""
    archive = open_zip(path, KIND)
    members = {name.removesuffix(".npy"): name for name in archive.namelist()}
    metadata = (
        metadata_from(str(_array(archive, members.pop(METADATA_KEY)).item()))
        if METADATA_KEY in members
        else None
    )
    entries = {name: _entry(archive, member) for name, member in members.items()}
    return Checkpoint(Arrays(entries), metadata)


def write(stream: BinaryIO, content: Content) -> None:
    """Each array as a member of the archive, and the metadata as one more."""
    with zipfile.ZipFile(stream, "w") as archive:
        _add(archive, METADATA_KEY, np.array(content.metadata.to_json()))
        for name in content.arrays:
            _add(archive, name, content.arrays[name])


def _entry(archive: zipfile.ZipFile, member: str) -> Entry:
    with corrupted(KIND, *NPY_ERRORS), archive.open(member) as stream:
        version = npy.read_magic(stream)
        if version not in HEADERS:
            raise FileError(f"{member} has version {version} of NumPy's format; known: 1.0, 2.0")
        shape, _, dtype = HEADERS[version](stream)
    if dtype.hasobject:
        raise FileError(f"refused: {member} contains pickled objects, which could run code")
    return Entry(shape, dtype, lambda: _array(archive, member))


def _array(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    with corrupted(KIND, *NPY_ERRORS), archive.open(member) as stream:
        array = npy.read_array(stream, allow_pickle=False)
        if stream.read(1):  # to the end of the member, where zipfile compares its checksum
            raise FileError(f"{member} is longer than its array")
    return array


def _add(archive: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    with archive.open(zipfile.ZipInfo(f"{name}.npy", EPOCH), "w", force_zip64=True) as member:
        npy.write_array(member, array, allow_pickle=False)
