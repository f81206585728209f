"""The errors that libraries raise on a damaged file, caught by name and reported as FileError."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from resnet_duet.errors import FileError
from resnet_spec import ResNetError

# zipfile's errors on a damaged archive. RuntimeError: an encrypted member. NotImplementedError: an
# unknown compression or version. OverflowError and ValueError: offsets that no file can have.
ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(RuntimeError, NotImplementedError, OverflowError, ValueError),
)


@contextmanager
def corrupted(kind: str, *errors: type[Exception]) -> Iterator[None]:
    """Report these errors of a library as FileError; any other error passes through as it is.

    Wrap the call of the library and nothing else, so that a bug in this project is never reported
    as a damaged file.

    Args:
        kind: what the file should be, with its article: "a NumPy archive".
        errors: the library's errors on a damaged file.

    Raises:
        FileError: "not a NumPy archive, or corrupted: ...".
    """
    try:
        yield
    except ResNetError:
        raise
    except errors as error:
        raise FileError(f"not {kind}, or corrupted: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The first line of an error's text, or the name of its class if it has none."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
