"""Networks and files: `load` and `save`, in any framework."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from resnet_duet import formats
from resnet_duet.errors import FileError
from resnet_duet.formats.checkpoint import Checkpoint
from resnet_duet.formats.trust import Trust
from resnet_duet.frameworks import Axes, framework
from resnet_duet.identify.assumptions import assumptions
from resnet_duet.identify.find import Found
from resnet_duet.identify.head import Head, HeadChoice
from resnet_duet.identify.identify import Identity
from resnet_duet.identify.live import checkpoint_of
from resnet_duet.identify.mapping import Rename
from resnet_duet.identify.open_checkpoint import open_checkpoint, open_network
from resnet_duet.metadata import FileMetadata, tool
from resnet_duet.weights.arrays import Arrays
from resnet_duet.weights.convert import cast, convert, translate
from resnet_spec import Dtype, ResNetSpec

if TYPE_CHECKING:
    import keras
    import torch

    from resnet_torch import ResNet


class UndeterminedChoicesWarning(UserWarning):
    """A checkpoint does not determine its network, and `load` assumed what it does not show."""


@overload
def load(
    path: Path | str,
    into: Literal["torch"],
    dtype: Dtype | None = None,
    spec: ResNetSpec | str | None = None,
    dialect: str | None = None,
    num_classes: Head = HeadChoice.KEEP,
    prefix: str | None = None,
    rename: Rename | None = None,
    trust: Trust = Trust.DATA,
) -> "ResNet": ...


@overload
def load(
    path: Path | str,
    into: Literal["keras"],
    dtype: Dtype | None = None,
    spec: ResNetSpec | str | None = None,
    dialect: str | None = None,
    num_classes: Head = HeadChoice.KEEP,
    prefix: str | None = None,
    rename: Rename | None = None,
    trust: Trust = Trust.DATA,
) -> "keras.Model": ...


def load(
    path: Path | str,
    into: str,
    dtype: Dtype | None = None,
    spec: ResNetSpec | str | None = None,
    dialect: str | None = None,
    num_classes: Head = HeadChoice.KEEP,
    prefix: str | None = None,
    rename: Rename | None = None,
    trust: Trust = Trust.DATA,
) -> Any:
    """The network of a checkpoint: identify it, build it, load the weights.

    Args:
        path: a file of any supported format, a SavedModel folder, or a folder that transformers or
            timm saved. A `config.json` of these libraries in the file's folder is read as well.
        into: "torch" for a torch.nn.Module (NCHW), or "keras" for a keras.Model (NHWC).
        dtype: of the network; None for the file's precision, but at least float32.
        spec: the network, or its name in the zoo; None to identify it.
        dialect: of the file's arrays, one of `resnet_duet.dialects()`; None to identify it.
        num_classes: classes of a freshly initialised classifier, or None for a network without a
            head. By default the file's classifier is kept; a file without one is a network
            without one.
        prefix: of the names of the network's arrays in a file that holds several networks, such as
            "teacher."; None to find it.
        rename: {name in the file: torchvision's name}, or a file of two such columns; None to
            identify the arrays. `resnet-duet inspect --write-mapping` proposes one.
        trust: `Trust.CODE` to run the program in a TorchScript file, which alone says what it is.

    Returns:
        The network. Its attribute `spec` is what it was identified as.

    Warns:
        UndeterminedChoicesWarning: nothing in the file determines some choices that change the
            outputs, such as v1 or v1.5 strides. The message lists the assumed values and their
            alternatives. Pass `spec` to choose. Files of this project determine all choices.

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
    checkpoint, identity = open_checkpoint(path, spec, dialect, num_classes, prefix, rename, trust)
    if message := undetermined(identity):
        warnings.warn(f"{path}: {message}", UndeterminedChoicesWarning, stacklevel=2)
    working = dtype or working_dtype(checkpoint)
    return assemble(checkpoint.arrays, identity.spec, identity.dialect, into, working)


def undetermined(identity: Identity) -> str:
    """The warning about choices of an identified network that were assumed; "" if none were."""
    assumed = assumptions(identity, text=str)
    if not assumed:
        return ""
    others = f"; also matches {', '.join(identity.alternatives)}" if identity.alternatives else ""
    return f"{assumed}{others}; pass spec=... to choose"


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
    net = own.build(spec, dtype=dtype, initial="empty")
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
    checkpoint, identity = of_live(net)
    spec = identity.spec
    arrays = translate(checkpoint.arrays, spec, identity.dialect, target.dialect)
    formats.write(target, arrays, FileMetadata(spec, None, tool()))


def spec_of(net: "torch.nn.Module | keras.Model") -> ResNetSpec:
    """The spec of a network: its attribute `spec`, or identified by its operations.

    Args:
        net: a network.

    Raises:
        FileError: it is no network of this family.
        FrameworkError: `net` is not a network of a supported framework.
    """
    return of_live(net)[1].spec


def of_live(net: "torch.nn.Module | keras.Model") -> Found:
    """A live network as a checkpoint, and its identity.

    A network of `build` has an attribute `spec`, but its layers may have been replaced since. So
    every network is identified by its operations. One whose operations cannot be read is
    identified by its arrays.

    Args:
        net: a network.

    Raises:
        FileError: it is no network of this family, or its arrays fit several.
        FrameworkError: `net` is not a network of a supported framework.
    """
    spec: ResNetSpec | None = getattr(net, "spec", None)
    checkpoint, _ = checkpoint_of(net)
    found = open_network(checkpoint, None, spec, None, HeadChoice.KEEP, None)
    _, identity = found
    if identity.ambiguous:
        names = ", ".join((identity.name, *identity.alternatives))
        raise FileError(
            f"the network's arrays fit {names}; set its attribute `spec`, as in"
            f" net.spec = resnet_spec.get({identity.name!r})"
        )
    return found


def working_dtype(checkpoint: Checkpoint) -> str:
    """The precision of a checkpoint, but at least float32."""
    dtypes = [dtype for dtype in checkpoint.arrays.dtypes if dtype.kind == "f"]
    return np.result_type(np.float32, *dtypes).name
