"""Networks and files: `load` and `save`, in any framework."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.keras_config import configs_of_model
from resnet_duet.frameworks import KERAS, Axes, framework, framework_of
from resnet_duet.identify.head import Head, HeadChoice
from resnet_duet.identify.identify import identify
from resnet_duet.identify.open_checkpoint import open_checkpoint
from resnet_duet.metadata import FileMetadata, tool
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.convert import cast, convert
from resnet_spec import Dtype, ResNetSpec

if TYPE_CHECKING:
    import keras
    import torch

    from resnet_torch import ResNet


class AmbiguousCheckpointWarning(UserWarning):
    """The arrays of a checkpoint fit several networks, and `load` chose one of them."""


@overload
def load(
    path: Path | str,
    into: Literal["torch"],
    dtype: Dtype | None = None,
    spec: ResNetSpec | str | None = None,
    dialect: str | None = None,
    num_classes: Head = HeadChoice.KEEP,
) -> "ResNet": ...


@overload
def load(
    path: Path | str,
    into: Literal["keras"],
    dtype: Dtype | None = None,
    spec: ResNetSpec | str | None = None,
    dialect: str | None = None,
    num_classes: Head = HeadChoice.KEEP,
) -> "keras.Model": ...


def load(
    path: Path | str,
    into: str,
    dtype: Dtype | None = None,
    spec: ResNetSpec | str | None = None,
    dialect: str | None = None,
    num_classes: Head = HeadChoice.KEEP,
) -> Any:
    """The network of a checkpoint: identify it, build it, load the weights.

    Args:
        path: a file of any supported format, or a SavedModel folder.
        into: "torch" for a torch.nn.Module (NCHW), or "keras" for a keras.Model (NHWC).
        dtype: of the network; None for the file's precision, but at least float32.
        spec: the network, or its name in the zoo; None to identify it.
        dialect: of the file's arrays, one of `resnet_duet.dialects()`; None to identify it.
        num_classes: classes of a freshly initialised classifier, or None for a network without a
            head. By default the file's classifier is kept, and a file without one is an error.

    Returns:
        The network. Its attribute `spec` is what it was identified as.

    Warns:
        AmbiguousCheckpointWarning: the arrays fit other networks as well. Pass `spec` to choose.

    Raises:
        FileError: there is no such file, it is damaged, or it has another network.
        DialectError: there is no such dialect.
        SpecError: there is no such network in the zoo.
        FrameworkError: the framework is unknown or not installed.

    Example:
        >>> import resnet_duet
        >>> model = resnet_duet.load("resnet50.pth", into="keras")  # doctest: +SKIP
    """
    framework(into)  # report a missing framework before reading a large file
    checkpoint, identity = open_checkpoint(path, spec, dialect, num_classes)
    if identity.ambiguous:
        others = ", ".join(identity.alternatives)
        message = (
            f"{path}: loaded as {identity.name}, but the arrays also fit {others};"
            " pass spec=... to choose"
        )
        warnings.warn(message, AmbiguousCheckpointWarning, stacklevel=2)
    working = dtype or working_dtype(checkpoint)
    return assemble(checkpoint.arrays, identity.spec, identity.dialect, into, working)


def assemble(
    arrays: Mapping[str, np.ndarray], spec: ResNetSpec, dialect: str, into: str, dtype: str
) -> Any:
    """A network with these weights.

    Args:
        arrays: {array name: array}, exactly the network's.
        spec: the network.
        dialect: of the arrays.
        into: name of a framework.
        dtype: of the network.

    Raises:
        WeightsError: the arrays are not those of the network.
    """
    own = framework(into)
    net = own.build(spec, dtype=dtype)
    converted = cast(Arrays.of(arrays), dtype)  # frameworks do not read NumPy's bfloat16
    own.write(net, convert(converted, spec, dialect, own.dialect))
    return net


def save(
    net: "torch.nn.Module | keras.Model", path: Path | str, input_layout: Axes | None = None
) -> None:
    """Write a network to a file. The ending chooses the format, and an older file is replaced.

    Every format takes networks of every framework: `.pth` of a Keras model contains PyTorch's names
    and layouts, and `.onnx` a graph for inference.

    Args:
        net: a network of `build` or `load`, or another network of the zoo.
        path: of the file.
        input_layout: layout of the images that an `.onnx` graph takes, "NCHW" or "NHWC"; None for
            NCHW.

    Raises:
        FileError: the ending is unknown, the network cannot be identified, or the file cannot be
            written.
        FrameworkError: `net` is not a network of a supported framework.
    """
    target = formats.check_writable(path, None, overwrite=True, input_layout=input_layout)
    own = framework_of(net)
    spec = spec_of(net)
    arrays = convert(own.read(net), spec, own.dialect, target.dialect)
    formats.write(target, Arrays.of(arrays), FileMetadata(spec, None, tool()))


def spec_of(net: "torch.nn.Module | keras.Model") -> ResNetSpec:
    """The spec of a network: its attribute `spec`, or identified from its arrays.

    A Keras model that Keras saved and opened has no attribute `spec`. Its configuration decides
    between networks with the same arrays.

    Args:
        net: a network.

    Raises:
        FileError: no network of the zoo has these arrays, or several have.
        FrameworkError: `net` is not a network of a supported framework.
    """
    spec: ResNetSpec | None = getattr(net, "spec", None)
    if spec is not None:
        return spec
    own = framework_of(net)
    shapes = {name: array.shape for name, array in own.read(net).items()}
    configs = configs_of_model(net) if own is KERAS else {}
    identity = identify(shapes, None, own.dialect, configs)
    if identity.ambiguous:
        names = ", ".join((identity.name, *identity.alternatives))
        raise FileError(
            f"the network's arrays fit {names}; set its attribute `spec`, as in"
            f" net.spec = resnet_spec.get({identity.name!r})"
        )
    return identity.spec


def working_dtype(checkpoint: Checkpoint) -> str:
    """The precision of a checkpoint, but at least float32."""
    dtypes = [dtype for dtype in checkpoint.arrays.dtypes if dtype.kind == "f"]
    return np.result_type(np.float32, *dtypes).name
