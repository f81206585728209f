"""Keep log lines of C libraries off the screen.

TensorFlow logs to the file descriptor of stderr before its own log level takes effect.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TextIO

STDERR = 2

SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # errors only
    "KERAS_BACKEND": "tensorflow",  # the backend that this project is tested on
    # PyTorch's threads spin while they wait, on cores that TensorFlow's threads could use.
    "OMP_WAIT_POLICY": "passive",
}


def prepare_environment() -> None:
    """Set what frameworks read when they are imported; what the user has set stays."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what C code writes to stderr; Python code still writes there.

    The lines are printed if the block raises an error that does not come from invalid input.
    """
    import logging
    import tempfile

    from resnet_spec import ResNetError

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with tempfile.TemporaryFile() as held, _python_stderr():
        screen = os.dup(STDERR)
        try:
            os.dup2(held.fileno(), STDERR)
            yield
        except (ResNetError, KeyboardInterrupt):
            raise
        except BaseException:
            held.seek(0)
            os.write(screen, held.read())
            raise
        finally:
            os.dup2(screen, STDERR)
            os.close(screen)


@contextmanager
def _python_stderr() -> Iterator[None]:
    """Give `sys.stderr` a file descriptor of its own while C code's is held back."""
    before = sys.stderr
    if not _writes_to_stderr(before):
        yield
        return
    before.flush()
    sys.stderr = _own_stderr()
    try:
        yield
    finally:
        sys.stderr.flush()
        sys.stderr = before


def _writes_to_stderr(stream: TextIO) -> bool:
    """Whether a stream shares C code's descriptor; a replaced one may have none."""
    try:
        return stream.fileno() == STDERR
    except (AttributeError, OSError, ValueError):
        return False


@cache
def _own_stderr() -> TextIO:
    """A stream for Python code. It stays open, since handlers of `logging` keep what they find."""
    descriptor = os.dup(STDERR)
    return os.fdopen(descriptor, "w", buffering=1, errors="backslashreplace", closefd=False)
