"""Networks and files: `load` and `save`, in either framework."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from resnet_duet.errors import FileError
from resnet_duet.frameworks import FRAMEWORKS, KERAS, builder, framework_of
from resnet_duet.port import files
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.convert import cast, convert
from resnet_duet.port.evidence import configs_of_model
from resnet_duet.port.head import AS_FILED, Head
from resnet_duet.port.identify import identify
from resnet_duet.port.label import Label, tool
from resnet_duet.port.opening import open_checkpoint
from resnet_spec import ResNetSpec


class DoubtWarning(UserWarning):
    """A checkpoint whose arrays are those of several networks; one of them was taken."""


def load(
    path: Path | str,
    into: str,
    dtype: str | None = None,
    spec: ResNetSpec | str | None = None,
    dialect: str | None = None,
    num_classes: Head = AS_FILED,
) -> Any:
    """The network of a checkpoint, in either framework: identify, build, load.

    Args:
        path: a file of any format of `resnet_duet.port.files`.
        into: "torch" (a torch.nn.Module, NCHW) or "keras" (a keras.Model, NHWC).
        dtype: of the network; None for the file's, half precision widened to float32.
        spec, dialect: what the file is; None to find it out.
        num_classes: of a new classifier, or None for a network without one; the file's own is
            kept unless one of these is asked for.

    Returns:
        The network, with what it was found to be in its attribute `spec`.

    Warns:
        DoubtWarning: other networks have the very same arrays; `spec` decides.

    Raises:
        FileError: no such file, a damaged one, or one of another network.
        FrameworkError: `into` is not installed.
    """
    builder(into)  # a framework that is missing is told before a long read
    checkpoint, identity = open_checkpoint(path, spec, dialect, num_classes)
    if identity.doubtful:
        others = ", ".join(identity.rivals)
        doubt = f"{path} is taken for {identity.name}; {others} would fit as well: say spec=..."
        warnings.warn(doubt, DoubtWarning, stacklevel=2)
    dtype = dtype or working_dtype(checkpoint)
    return assemble(checkpoint.arrays, identity.spec, identity.dialect, into, dtype)


def assemble(
    arrays: Mapping[str, np.ndarray], spec: ResNetSpec, dialect: str, into: str, dtype: str
) -> Any:
    """The network of a spec in a framework, with these arrays in it."""
    twin = builder(into)
    net = twin.build(spec, dtype)
    same = cast(Arrays.of(arrays), dtype)  # frameworks do not take NumPy's bfloat16
    twin.write(net, convert(same, spec, dialect, FRAMEWORKS[into].dialect))
    return net


def save(net: Any, path: Path | str, axes: str | None = None) -> None:
    """Write a network to a file, in the format that its name ends in; an older file is replaced.

    A network of either framework goes into every format: `.pth` of a Keras model holds PyTorch's
    names and layouts, and `.onnx` a graph for inference.

    Args:
        net: of `build` or `load`.
        path: where to.
        axes: of the images that an `.onnx` file takes, "NCHW" or "NHWC"; None for NCHW.

    Raises:
        FileError: an unknown ending, or the disk refuses.
    """
    target = files.writable(path, None, overwrite=True, axes=axes)
    own = framework_of(net)
    spec = spec_of(net)
    arrays = convert(builder(own.name).read(net), spec, own.dialect, target)
    files.write(path, Arrays.of(arrays), Label(spec, None, tool()), target, True, axes)


def spec_of(net: Any) -> ResNetSpec:
    """The spec a network was built from; of one that lost it, found as for a file.

    A Keras model that Keras itself opened has no attribute of ours, but its configuration decides
    between networks that have the same arrays.

    Raises:
        FileError: the network is none of the zoo's, or may be several of them.
    """
    if spec := getattr(net, "spec", None):
        return spec
    own = framework_of(net)
    shapes = {name: array.shape for name, array in builder(own.name).read(net).items()}
    configs = configs_of_model(net) if own is KERAS else {}
    identity = identify(shapes, None, own.dialect, configs)
    if identity.doubtful:
        names = ", ".join((identity.name, *identity.rivals))
        raise FileError(f"this network may be any of {names}: set its attribute `spec`")
    return identity.spec


def working_dtype(checkpoint: Checkpoint) -> str:
    """The file's precision, but float32 at least."""
    dtypes = [dtype for dtype in checkpoint.arrays.dtypes if dtype.kind == "f"]
    return np.result_type(np.float32, *dtypes).name
