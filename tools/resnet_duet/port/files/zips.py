"""Zip archives of unknown origin."""

import zipfile
from pathlib import Path

from resnet_duet.errors import FileError

MOST_UNPACKED = 100  # times a file's size; trained weights shrink to a half at best
MOST_TEXT = 4  # times a file's size; a configuration is stored as it is, beside its weights
ALLOWANCE = 2**20  # bytes beyond it, so that small files may be mostly zeros
EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's first day: the same weights give the same file


def open_zip(path: Path) -> zipfile.ZipFile:
    """The archive, unless it is a bomb. Nothing is unpacked to a disk by any member's name.

    Raises:
        FileError: it would unpack to far more than trained weights can, or in an unusual way.
    """
    archive = zipfile.ZipFile(path)
    for member in archive.infolist():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileError(f"{member.filename} is compressed as neither NumPy nor Keras does it")
    unpacked = sum(member.file_size for member in archive.infolist())
    refuse_bomb(path, unpacked)
    return archive


def read_text(archive: zipfile.ZipFile, name: str) -> str | None:
    """A member that is a text; None if there is none.

    Raises:
        FileError: it is far longer than the file. Parsed, a text takes many times its length.
    """
    if name not in archive.NameToInfo:
        return None
    assert archive.filename
    size, length = Path(archive.filename).stat().st_size, archive.getinfo(name).file_size
    if length > MOST_TEXT * size + ALLOWANCE:
        raise FileError(f"refused, since {name} would unpack to {length:,} bytes of text")
    return archive.read(name).decode()


def refuse_bomb(path: Path, unpacked: int) -> None:
    """Raise FileError if so many bytes cannot honestly come out of this file."""
    size = path.stat().st_size
    if unpacked > MOST_UNPACKED * size + ALLOWANCE:
        raise FileError(
            f"refused, since {size:,} bytes of file would unpack to {unpacked:,} bytes, and"
            " weights do not shrink like that"
        )
