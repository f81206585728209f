"""Networks and files: `load` and `save`, in either framework."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from resnet_spec import ResNetSpec

from resnet_duet.errors import FileError
from resnet_duet.frameworks import FRAMEWORKS, builder, framework_of
from resnet_duet.port import files
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.convert import convert
from resnet_duet.port.identify import Identity, identify


def load(
    path: Path | str,
    into: str,
    dtype: str | None = None,
    spec: ResNetSpec | str | None = None,
    dialect: str | None = None,
) -> Any:
    """The network of a checkpoint, in either framework: identify, build, load.

    Args:
        path: a file of any format of `resnet_duet.port.files`.
        into: "torch" (a torch.nn.Module, NCHW) or "keras" (a keras.Model, NHWC).
        dtype: of the network; None for the file's, half precision widened to float32.
        spec, dialect: what the file is; None to find it out.

    Raises:
        FileError: no such file, a damaged one, or one of another network.
        FrameworkError: `into` is not installed.
    """
    builder(into)  # a framework that is missing is told before a long read
    checkpoint, identity = open_checkpoint(path, spec, dialect)
    dtype = dtype or working_dtype(checkpoint)
    return assemble(checkpoint.arrays, identity.spec, identity.dialect, into, dtype)


def assemble(
    arrays: Mapping[str, np.ndarray], spec: ResNetSpec, dialect: str, into: str, dtype: str
) -> Any:
    """The network of a spec in a framework, with these arrays in it."""
    twin = builder(into)
    model = twin.build(spec, dtype)
    twin.write(model, convert(arrays, spec, dialect, FRAMEWORKS[into].dialect))
    return model


def save(model: Any, path: Path | str) -> None:
    """Write a network to a file, in the format that its name ends in; an older file is replaced.

    A network of either framework goes into every format: `.pth` of a Keras model holds PyTorch's
    names and layouts.

    Raises:
        FileError: an unknown ending, or the disk refuses.
    """
    target = files.writable(path, overwrite=True).dialect
    own = framework_of(model).dialect
    arrays = builder(framework_of(model).name).read(model)
    spec = spec_of(model)
    checkpoint = Checkpoint(convert(arrays, spec, own, target), spec)
    files.write(path, checkpoint, target, overwrite=True)


def spec_of(model: Any) -> ResNetSpec:
    """The spec a network was built from; of a Keras model from a file, found from its weights."""
    if spec := getattr(model, "spec", None):
        return spec
    arrays = builder(framework_of(model).name).read(model)
    return identify({n: a.shape for n, a in arrays.items()}, None, framework_of(model).dialect).spec


def open_checkpoint(
    path: Path | str, spec: ResNetSpec | str | None, dialect: str | None
) -> tuple[Checkpoint, Identity]:
    """Read a file, and tell what it is: what is given first, then what it says, then its arrays.

    Raises:
        FileError: no such file, a damaged one, or one of another network.
    """
    checkpoint = files.read(path)
    shapes = {name: array.shape for name, array in checkpoint.arrays.items()}
    try:
        return checkpoint, identify(shapes, checkpoint.spec if spec is None else spec, dialect)
    except FileError as error:
        raise FileError(f"{path}: {error}") from None


def working_dtype(checkpoint: Checkpoint) -> str:
    """The file's precision, but float32 at least."""
    return np.result_type(np.float32, *checkpoint.arrays.values()).name
