"""The two builders, imported only when a command needs one."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from resnet_duet.errors import FrameworkError


@dataclass(frozen=True)
class Framework:
    """One of the two frameworks.

    Attributes:
        name: the word for it in `load(path, into=...)`.
        title: its own name.
        builder: our package of networks for it.
        needs: the package it cannot do without.
        extra: what to install, as `resnet-duet[extra]`.
        dialect: the names and layouts of its own networks' arrays.
        axes: of its images and feature maps.
    """

    name: str
    title: str
    builder: str
    needs: str
    extra: str
    dialect: str
    axes: str


TORCH = Framework("torch", "PyTorch", "resnet_torch", "torch", "torch", "torchvision", "NCHW")
KERAS = Framework("keras", "Keras", "resnet_tf", "tensorflow", "tf", "keras", "NHWC")
FRAMEWORKS = {framework.name: framework for framework in (TORCH, KERAS)}


def builder(name: str) -> ModuleType:
    """`resnet_torch` or `resnet_tf`.

    Raises:
        FrameworkError: there is no such framework, or it is not installed.
    """
    if name not in FRAMEWORKS:
        raise FrameworkError(f"there is no framework {name!r}: say {' or '.join(FRAMEWORKS)}")
    framework = FRAMEWORKS[name]
    try:
        with quiet_stderr():
            import_module(framework.needs)
        return import_module(framework.builder)
    except ModuleNotFoundError as error:
        raise FrameworkError(
            f"this needs {framework.needs}, and {error.name} is not installed:"
            f" pip install 'resnet-duet[{framework.extra}]'"
        ) from None
    except ImportError as error:
        raise FrameworkError(str(error)) from None


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what C code says to stderr, and say it only if the block fails.

    TensorFlow greets with lines about processors it did not find, before its own log level counts.
    """
    if sys.stderr is None:  # a program without a terminal
        yield
        return
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as said:
        try:
            os.dup2(said.fileno(), 2)
            yield
        except BaseException:
            said.seek(0)
            os.write(stderr, said.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def framework_of(model: object) -> Framework:
    """The framework that a network belongs to, told without importing either."""
    modules = {cls.__module__.partition(".")[0] for cls in type(model).__mro__}
    if "torch" in modules:
        return TORCH
    if "keras" in modules:
        return KERAS
    raise FrameworkError(f"a {type(model).__name__} is neither a torch module nor a Keras model")
