"""Convert ResNet weights between PyTorch and Keras, and compare networks in both numerically.

Example:
    >>> import resnet_duet
    >>> model = resnet_duet.load("resnet50.pth", into="keras")  # doctest: +SKIP

Each name is imported when it is used: `import resnet_duet` loads neither a framework nor NumPy.
"""

from fnmatch import fnmatchcase
from importlib import import_module
from typing import TYPE_CHECKING, Any

from resnet_duet._version import __version__

if TYPE_CHECKING:
    from resnet_duet import onnx as onnx
    from resnet_duet import testing as testing
    from resnet_duet.comparison.compare import Comparison, compare
    from resnet_duet.comparison.layer_errors import LayerError
    from resnet_duet.comparison.subject import Function
    from resnet_duet.diagnosis.diagnose import Cause, Diagnosis, diagnose
    from resnet_duet.errors import DialectError, FileError, FrameworkError, MismatchError
    from resnet_duet.formats.trust import Trust
    from resnet_duet.live_networks import Verification, convert_module
    from resnet_duet.metadata import FileMetadata, Provenance
    from resnet_duet.models import UndeterminedChoicesWarning, load, save
    from resnet_duet.weights.convert import convert
    from resnet_duet.weights.init import Norms, random_weights
    from resnet_spec import ResNetError, SpecError, WeightsError

# {name: the module that it is imported from}
_EXPORTS = {
    "Cause": "resnet_duet.diagnosis.diagnose",
    "Comparison": "resnet_duet.comparison.compare",
    "Diagnosis": "resnet_duet.diagnosis.diagnose",
    "DialectError": "resnet_duet.errors",
    "FileError": "resnet_duet.errors",
    "FileMetadata": "resnet_duet.metadata",
    "FrameworkError": "resnet_duet.errors",
    "Function": "resnet_duet.comparison.subject",
    "LayerError": "resnet_duet.comparison.layer_errors",
    "MismatchError": "resnet_duet.errors",
    "Norms": "resnet_duet.weights.init",
    "Provenance": "resnet_duet.metadata",
    "ResNetError": "resnet_spec",
    "SpecError": "resnet_spec",
    "Trust": "resnet_duet.formats.trust",
    "UndeterminedChoicesWarning": "resnet_duet.models",
    "Verification": "resnet_duet.live_networks",
    "WeightsError": "resnet_spec",
    "compare": "resnet_duet.comparison.compare",
    "convert": "resnet_duet.weights.convert",
    "convert_module": "resnet_duet.live_networks",
    "diagnose": "resnet_duet.diagnosis.diagnose",
    "load": "resnet_duet.models",
    "random_weights": "resnet_duet.weights.init",
    "save": "resnet_duet.models",
}
_MODULES = ("onnx", "testing")  # `resnet_duet.onnx.build` needs no import of its own

__all__ = [
    "Cause",
    "Comparison",
    "Diagnosis",
    "DialectError",
    "FileError",
    "FileMetadata",
    "FrameworkError",
    "Function",
    "LayerError",
    "MismatchError",
    "Norms",
    "Provenance",
    "ResNetError",
    "SpecError",
    "Trust",
    "UndeterminedChoicesWarning",
    "Verification",
    "WeightsError",
    "__version__",
    "compare",
    "convert",
    "convert_module",
    "diagnose",
    "dialects",
    "list_models",
    "load",
    "random_weights",
    "save",
]


def list_models(pattern: str = "*") -> list[str]:
    """The names of the zoo that match a pattern. `build`, `show` and `load` take them.

    Args:
        pattern: a shell-style pattern: `*` matches any text, `?` any character.

    Returns:
        The names, family by family; an empty list if none matches.

    Example:
        >>> list_models("resnet*_v1")
        ['resnet50_v1', 'resnet101_v1', 'resnet152_v1']
    """
    import resnet_spec

    return [name for name in resnet_spec.names() if fnmatchcase(name, pattern)]


def dialects() -> tuple[str, ...]:
    """The names of all dialects. A dialect is the naming convention of a library.

    `load`, `convert` and the commands take them. `resnet_duet.weights.dialects.DIALECTS` has the
    dialects themselves.

    Example:
        >>> dialects()[:3]
        ('torchvision', 'keras', 'keras_applications')
    """
    from resnet_duet.weights.dialects import DIALECTS

    return tuple(DIALECTS)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_EXPORTS[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
