"""One file for each kind of network that can be compared; `subject` chooses among them."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from resnet_duet.comparison.subject import Comparable, Function, IdentifiedNet, Subject
from resnet_duet.errors import FrameworkError
from resnet_duet.formats.trust import Trust
from resnet_duet.frameworks import FRAMEWORKS, TORCH, framework_of
from resnet_duet.identify.placement import CANONICAL
from resnet_duet.models import assemble
from resnet_spec import ResNetError

CODE, CHECKPOINT, FUNCTION = "code", "checkpoint", "function"  # their modules


def subject(network: Comparable, trust: Trust = Trust.DATA) -> Subject:
    """A network in the form that `compare` and `diagnose` work on. Never executes Python code.

    Args:
        network: a torch module, a Keras model, the path of a checkpoint or of a whole model, a
            `Function`, or a `Subject`, which is returned as it is.
        trust: whether a program of PyTorch in a file may be run.

    Raises:
        ResNetError: it is something else, or a string of code.
        FileError: the file does not exist or is damaged.
    """
    if isinstance(network, Subject):
        return network
    kind = _kind(network)
    if kind == CODE:
        raise ResNetError(
            f"{str(network)!r} is code, which this function does not execute: import the network"
            " and pass it, or call resnet_duet.comparison.adapters.subject_of_argument"
        )
    return _adapted(kind, network) if kind != CHECKPOINT else _of_file(network, trust)


def subject_of_argument(argument: str) -> Subject:
    """`subject` of a command-line argument, which may also be CODE.py:NAME. Executes that file.

    Args:
        argument: the path of a checkpoint or of an .onnx file, or CODE.py:NAME.

    Raises:
        ResNetError: the code's object cannot be compared.
        FileError: the file does not exist, is damaged or cannot be run, or has no such name.
    """
    return _adapted(_kind_of_path(argument), argument)


def rebuilt(known: IdentifiedNet) -> Subject:
    """The network that this package builds of an identified one, in the first framework installed.

    Raises:
        FrameworkError: no framework is installed.
    """
    own = next((row for row in FRAMEWORKS.values() if row.is_installed()), TORCH)
    net = assemble(known.weights(), known.spec, CANONICAL, own.name, "float64")
    return replace(subject(net), own_function=False)


def is_file(argument: str) -> bool:
    """Whether an argument is the path of a checkpoint or of a whole model, and not of code."""
    return _kind_of_path(argument) == CHECKPOINT


def _adapted(kind: str, network: Comparable) -> Subject:
    """The result of the adapter in the module of this name."""
    found = import_module(f"{__name__}.{kind}").subject(network)
    assert isinstance(found, Subject)
    return found


def _of_file(path: Comparable, trust: Trust) -> Subject:
    """The function of a file."""
    from resnet_duet.comparison.adapters import checkpoint

    assert isinstance(path, Path | str)
    return checkpoint.subject(path, trust)


def _kind(network: Comparable) -> str:
    """The adapter's module: a framework's has the framework's name."""
    if isinstance(network, Function):
        return FUNCTION
    if isinstance(network, Path | str):
        return _kind_of_path(str(network))
    try:
        return framework_of(network).name
    except FrameworkError as error:
        raise ResNetError(
            f"objects of type {type(network).__name__} cannot be compared: pass a torch module, a"
            ' Keras model, a file, or resnet_duet.Function(call, axes="NHWC" or "NCHW", size=None)'
        ) from error


def _kind_of_path(path: str) -> str:
    file, _, _ = path.rpartition(":")
    return CODE if file.endswith(".py") or path.endswith(".py") else CHECKPOINT
