"""One small file for each kind of thing that can be compared; `network` tells which it is."""

from importlib import import_module
from pathlib import Path
from typing import Any

from resnet_duet.errors import FrameworkError
from resnet_duet.frameworks import framework_of
from resnet_duet.proof.network import Function, Network
from resnet_spec import ResNetError


def network(thing: Any) -> Network:
    """The thing as a side of a comparison.

    Args:
        thing: a network of ours, a torch module, a Keras model, the path of a checkpoint or of an
            .onnx file, `code.py:name` (see adapters/code.py), a `Function`; or such a side already.

    Raises:
        ResNetError: it is none of these.
    """
    if isinstance(thing, Network):
        return thing
    return import_module(f"{__name__}.{_adapter(thing)}").network(thing)


def _adapter(thing: Any) -> str:
    if isinstance(thing, Function):
        return "function"
    if isinstance(thing, Path | str):
        return _of_path(str(thing))
    try:
        return framework_of(thing).name
    except FrameworkError:
        raise ResNetError(
            f"a {type(thing).__name__} cannot be compared: give a torch module, a Keras model, a"
            ' file, or resnet_duet.Function(call, axes="NHWC" or "NCHW", size=None)'
        ) from None


def is_checkpoint(path: str) -> bool:
    """Whether this is the path of a checkpoint, and not of a graph or of code."""
    return _of_path(path) == "checkpoint"


def _of_path(path: str) -> str:
    if path.endswith(".onnx"):
        return "onnx"
    return "code" if ".py:" in path else "checkpoint"
