"""Zip archives from unknown sources, read with limits on what they may unpack to."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from resnet_duet.errors import FileError
from resnet_duet.formats.damage import ZIP_ERRORS, corrupted

MOST_UNPACKED = 100  # times a file's size; trained weights compress to a half at best
MOST_TEXT = 4  # times a file's size; a configuration is stored uncompressed, next to its weights
ALLOWANCE = 2**20  # bytes on top, so that a small file may be mostly zeros
EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's first day: the same weights give the same file


def open_zip(path: Path, kind: str) -> zipfile.ZipFile:
    """Open an archive. Members are read by name; none is ever unpacked to a path on the disk.

    Args:
        path: the archive.
        kind: what it should be, with its article, for the error message.

    Raises:
        FileError: not a zip, or one that would unpack to far more than trained weights can.
    """
    with corrupted(kind, *ZIP_ERRORS):
        archive = zipfile.ZipFile(path)
    for member in archive.infolist():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileError(f"{member.filename} has a compression that NumPy and Keras never use")
    refuse_bomb([path], sum(member.file_size for member in archive.infolist()))
    return archive


def read_member(archive: zipfile.ZipFile, name: str, kind: str) -> bytes:
    """A member of an archive. Raises FileError: it is missing or corrupted; see `open_zip`."""
    if name not in archive.NameToInfo:
        raise FileError(f"not {kind}, or corrupted: the archive has no {name}")
    with corrupted(kind, *ZIP_ERRORS):
        return archive.read(name)


def read_text(archive: zipfile.ZipFile, name: str, kind: str) -> str | None:
    """A member that is text; None if the archive does not have it.

    Raises:
        FileError: it is corrupted, or far longer than the file: parsing text takes many times its
            length in memory.
    """
    if name not in archive.NameToInfo:
        return None
    assert archive.filename
    size, length = Path(archive.filename).stat().st_size, archive.getinfo(name).file_size
    if length > MOST_TEXT * size + ALLOWANCE:
        raise FileError(f"refused: {name} would unpack to {length:,} bytes of text")
    with corrupted(kind, UnicodeDecodeError):
        return read_member(archive, name, kind).decode()


def refuse_bomb(files: Iterable[Path], unpacked: int) -> None:
    """Raise FileError if files claim to unpack to more bytes than trained weights can."""
    size = sum(path.stat().st_size for path in files)
    if unpacked > MOST_UNPACKED * size + ALLOWANCE:
        raise FileError(
            f"refused: {size:,} bytes of file would unpack to {unpacked:,} bytes, more than weights"
            " can"
        )
