"""Every framework that networks are built in: a file for each, and a row here."""

from resnet_duet.errors import FrameworkError
from resnet_duet.frameworks.framework import Axes, Framework, quiet_stderr
from resnet_duet.frameworks.keras import KERAS
from resnet_duet.frameworks.torch import TORCH

__all__ = [
    "FRAMEWORKS",
    "KERAS",
    "TORCH",
    "Axes",
    "Framework",
    "counterpart",
    "framework",
    "framework_of",
    "quiet_stderr",
]

# In order of preference where any framework serves: PyTorch builds networks faster.
FRAMEWORKS: dict[str, Framework] = {framework.name: framework for framework in (TORCH, KERAS)}


def framework(name: str) -> Framework:
    """The framework with this name. Its builder is imported, so that errors are early.

    Args:
        name: "torch" or "keras".

    Raises:
        FrameworkError: there is no such framework, or it is not installed.
    """
    if name not in FRAMEWORKS:
        raise FrameworkError(f"unknown framework {name!r}: choose from {', '.join(FRAMEWORKS)}")
    FRAMEWORKS[name].builder()
    return FRAMEWORKS[name]


def framework_of(model: object) -> Framework:
    """The framework of a network. Imports nothing.

    Args:
        model: a torch.nn.Module or a keras.Model.

    Raises:
        FrameworkError: it is neither.
    """
    for own in FRAMEWORKS.values():
        if own.owns(model):
            return own
    titles = " or ".join(own.title for own in FRAMEWORKS.values())
    raise FrameworkError(f"expected a network of {titles}, not a {type(model).__name__}")


def counterpart(own: Framework) -> Framework:
    """Another framework to compare with: the first that is installed.

    Raises:
        FrameworkError: no other framework is installed. It says what to install.
    """
    others = [other for other in FRAMEWORKS.values() if other is not own]
    for other in others:
        if other.is_installed():
            return other
    return framework(others[0].name)  # raises FrameworkError
