"""`convert_module`: a network in memory, under any names, to the other framework."""

import warnings
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, overload

from resnet_duet.comparison.compare import compare
from resnet_duet.errors import FileError, MismatchError
from resnet_duet.frameworks import framework
from resnet_duet.identify.head import Head, HeadChoice
from resnet_duet.identify.live import checkpoint_of
from resnet_duet.identify.open_checkpoint import open_network
from resnet_duet.models import (
    UndeterminedChoicesWarning,
    assemble,
    undetermined,
    working_dtype,
)
from resnet_spec import Dtype, ResNetSpec

if TYPE_CHECKING:
    import keras
    import torch

    from resnet_torch import ResNet


class Verification(StrEnum):
    """Whether `convert_module` compares its result with the module."""

    NONE = "none"
    OUTPUTS = "outputs"  # in float64 if the module can, on random images


@overload
def convert_module(
    module: "torch.nn.Module | keras.Model",
    into: Literal["torch"],
    dtype: Dtype | None = None,
    spec: ResNetSpec | str | None = None,
    num_classes: Head = HeadChoice.KEEP,
    verify: Verification | Literal["none", "outputs"] = Verification.NONE,
) -> "ResNet": ...


@overload
def convert_module(
    module: "torch.nn.Module | keras.Model",
    into: Literal["keras"],
    dtype: Dtype | None = None,
    spec: ResNetSpec | str | None = None,
    num_classes: Head = HeadChoice.KEEP,
    verify: Verification | Literal["none", "outputs"] = Verification.NONE,
) -> "keras.Model": ...


def convert_module(
    module: "torch.nn.Module | keras.Model",
    into: str,
    dtype: Dtype | None = None,
    spec: ResNetSpec | str | None = None,
    num_classes: Head = HeadChoice.KEEP,
    verify: Verification | Literal["none", "outputs"] = Verification.NONE,
) -> Any:
    """The network of a module in memory, built by this project, with the module's weights.

    The names of layers do not matter: the operations of the module and their order determine the
    network. A module whose operations cannot be read is identified by its arrays, as a file is.

    Args:
        module: a torch.nn.Module that takes images (N, C, H, W), or a keras.Model that takes
            (N, H, W, C).
        into: "torch" or "keras".
        dtype: of the result; None for the module's precision, but at least float32.
        spec: the network, or its name in the zoo; None to identify it.
        num_classes: classes of a freshly initialised classifier, or None for a network without a
            head. By default the module's classifier is kept.
        verify: "outputs" to run both networks on random images and compare them.

    Returns:
        The network, with its attribute `spec`. The module itself is not changed.

    Warns:
        UndeterminedChoicesWarning: the operations cannot be read, and the arrays leave choices
            open that change the outputs. Pass `spec`, or verify the result.

    Raises:
        FileError: the module is no network of this family. The message names the first operation
            that differs.
        MismatchError: `verify` found that the outputs differ.
        SpecError: there is no such network in the zoo.
        FrameworkError: `module` is of no supported framework, or `into` is unknown or not
            installed.

    Example:
        >>> import resnet_duet, resnet_torch
        >>> net = resnet_torch.build("cifar_resnet20")
        >>> resnet_duet.convert_module(net, into="keras").spec == net.spec  # doctest: +SKIP
        True
    """
    framework(into)
    check = Verification(verify)
    title = f"the module {type(module).__module__}.{type(module).__qualname__}"
    known = getattr(module, "spec", None) if spec is None else spec
    known = known if isinstance(known, ResNetSpec | str) else None
    whole, unreadable = checkpoint_of(module)
    try:
        checkpoint, identity = open_network(whole, None, known, None, num_classes, None)
    except FileError as error:
        raise FileError(f"{title}: {error.summary}", error.details) from error
    if message := undetermined(identity):
        reason = f"its operations cannot be read ({unreadable}); {message}"
        warnings.warn(f"{title}: {reason}", UndeterminedChoicesWarning, stacklevel=2)
    working = dtype or working_dtype(checkpoint)
    net = assemble(checkpoint.arrays, identity.spec, identity.dialect, into, working)
    if check is Verification.OUTPUTS:
        comparison = compare(module, net)
        if not comparison.match:
            raise MismatchError(f"{title}: the converted network differs: {comparison.verdict}")
    return net
