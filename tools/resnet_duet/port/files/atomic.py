"""A file that appears as a whole or not at all, whatever happens while it is written."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

READABLE = 0o666  # less what the user's umask takes away
UNSUPPORTED = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT)


@contextmanager
def whole_file(path: Path, overwrite: bool) -> Iterator[BinaryIO]:
    """A stream to write to; its content becomes `path` when the block ends without an error.

    Where the system can, the file has no name until then, so that not even a killed process
    leaves anything behind. It is on the disk before it gets its name.

    Raises:
        FileExistsError: `path` came into being meanwhile, and must not be replaced.
        OSError: the disk refuses.
    """
    path = path.resolve()  # through a symbolic link to the file that is meant
    part = path.with_name(f".resnet-duet-{os.urandom(4).hex()}.part")
    descriptor = _nameless(path.parent)
    named = descriptor is None
    if descriptor is None:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, READABLE)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)
            if not named:
                _name(descriptor, part if overwrite else path)
        if overwrite:
            part.replace(path)
        elif named:
            os.link(part, path)
        _sync(path.parent)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _nameless(folder: Path) -> int | None:
    """A file of this folder without a name; None where the system has no such thing."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        return os.open(folder, os.O_RDWR | os.O_TMPFILE, READABLE)
    except OSError as error:
        if error.errno in UNSUPPORTED:
            return None
        raise


def _name(descriptor: int, path: Path) -> None:
    """Give a nameless file its name. Raises FileExistsError: it is taken."""
    with _opened(path.parent) as folder:
        # Only with a folder's descriptor does `os.link` follow the link that /proc has here.
        os.link(f"/proc/self/fd/{descriptor}", path.name, dst_dir_fd=folder)


def _sync(folder: Path) -> None:
    """Let the new name reach the disk as well, where folders can be synced."""
    with suppress(OSError), _opened(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """The folder's descriptor."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
