"""A file that is written completely or not at all, even if the process is killed meanwhile."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

MODE = 0o666  # permissions of a new file, minus the user's umask
UNSUPPORTED = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT)


@contextmanager
def atomic_write(path: Path, overwrite: bool) -> Iterator[BinaryIO]:
    """A stream; its content becomes the file when the block ends without an error.

    Where the system supports it, the file has no name until then, so that even a killed process
    leaves nothing. Its content is on the disk before it gets its name.

    Args:
        path: the file. If it is a symbolic link, the file that the link points to.
        overwrite: whether an existing file may be replaced.

    Raises:
        FileExistsError: the file was created meanwhile and must not be replaced.
        OSError: it cannot be written, for instance because the disk is full.
    """
    path = path.resolve()
    part = path.with_name(f".resnet-duet-{os.urandom(4).hex()}.part")
    descriptor = _unnamed_tempfile(path.parent)
    named = descriptor is None
    if descriptor is None:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, MODE)
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


def _unnamed_tempfile(folder: Path) -> int | None:
    """The descriptor of a new file without a name; None if the system does not support it."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        return os.open(folder, os.O_RDWR | os.O_TMPFILE, MODE)
    except OSError as error:
        if error.errno in UNSUPPORTED:
            return None
        raise


def _name(descriptor: int, path: Path) -> None:
    """Give a file without a name this one. Raises FileExistsError: another file has it."""
    with _opened(path.parent) as folder:
        # `os.link` follows the link in /proc only if it gets the directory as a descriptor.
        os.link(f"/proc/self/fd/{descriptor}", path.name, dst_dir_fd=folder)


def _sync(folder: Path) -> None:
    """Write the new name to the disk as well, where directories can be synced."""
    with suppress(OSError), _opened(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """The descriptor of a directory."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
