"""Carries ResNet weights between PyTorch and Keras, and proves that both compute the same.

>>> import resnet_duet
>>> model = resnet_duet.load("resnet50.pth", into="keras")  # doctest: +SKIP

Nothing is imported before it is used: neither a framework nor NumPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resnet_duet.models import load, save
    from resnet_duet.port.convert import convert
    from resnet_duet.port.random import random_weights
    from resnet_duet.proof.compare import compare
    from resnet_duet.proof.diagnose import diagnose
    from resnet_duet.proof.network import Function

__version__ = "0.1.0"

_HOMES = {
    "Function": "resnet_duet.proof.network",
    "compare": "resnet_duet.proof.compare",
    "convert": "resnet_duet.port.convert",
    "diagnose": "resnet_duet.proof.diagnose",
    "load": "resnet_duet.models",
    "random_weights": "resnet_duet.port.random",
    "save": "resnet_duet.models",
}

__all__ = ["Function", "compare", "convert", "diagnose", "load", "random_weights", "save"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'resnet_duet' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
