"""The `config.json` that transformers and timm save next to the weights of a network.

It determines what the weights do not: strides, the activation, anti-aliasing. The libraries
themselves are not needed to read it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resnet_duet.errors import FileError
from resnet_duet.identify import timm_config, transformers_config
from resnet_duet.identify.evidence import Evidence, Origin
from resnet_duet.identify.folder import CONFIG
from resnet_duet.identify.identify import Identity
from resnet_duet.identify.infer import matches
from resnet_duet.identify.rows import zoo_name
from resnet_duet.identify.undetermined import different_choices
from resnet_duet.weights.dialect import Shapes
from resnet_duet.weights.dialects import dialect
from resnet_spec import ResNetSpec, SpecError
from resnet_spec.errors import printable

LARGEST = 2**24  # bytes; the names of 12,000 classes take one million


@dataclass(frozen=True)
class NetworkConfig:
    """The configuration in a file's folder.

    Attributes:
        path: of the configuration.
        library: that wrote it, "transformers" or "timm"; "" if it is of something else.
        spec: the network that it describes; None if it is not known.
        dialects: the dialects of the library's weights.
        classes: number of classes of the classifier; None if the configuration does not show it.
        has_channels: whether it shows the channels of the image.
        problem: why its network is outside this family, or cannot be read; "" if it can be.
    """

    path: Path
    library: str = ""
    spec: ResNetSpec | None = None
    dialects: tuple[str, ...] = ()
    classes: int | None = None
    has_channels: bool = False
    problem: str = ""


def read_config(weights: Path) -> NetworkConfig | None:
    """The configuration in the folder of a checkpoint; None if there is none.

    Args:
        weights: the file of the checkpoint, or a folder with it.
    """
    path = (weights if weights.is_dir() else weights.parent) / CONFIG
    try:
        if not path.is_file() or path == weights:
            return None
        if path.stat().st_size > LARGEST:
            return NetworkConfig(path, problem=f"it is larger than {LARGEST:,} bytes")
        config = json.loads(path.read_bytes())
    except OSError as error:
        return NetworkConfig(path, problem=f"it cannot be read: {error.strerror}")
    except (ValueError, RecursionError):
        return NetworkConfig(path, problem="it is not JSON")
    return describe(path, config) if isinstance(config, dict) else NetworkConfig(path)


def describe(path: Path, config: Mapping[str, Any]) -> NetworkConfig:
    """The network of a configuration.

    Args:
        path: of the configuration.
        config: its content.
    """
    try:
        if config.get("model_type") == transformers_config.MODEL_TYPE:
            return NetworkConfig(
                path,
                "transformers",
                transformers_config.spec_of(config),
                ("huggingface",),
                transformers_config.classes_of(config),
                has_channels=True,
            )
        if isinstance(config.get("architecture"), str):
            return NetworkConfig(
                path,
                "timm",
                timm_config.spec_of(config),
                ("torchvision", "timm_v2"),
                timm_config.classes_of(config),
                has_channels="in_chans" in timm_config.arguments_of(config),
            )
    except SpecError as error:
        library = "timm" if "architecture" in config else "transformers"
        dialects = ("huggingface",) if library == "transformers" else ("torchvision", "timm_v2")
        return NetworkConfig(path, library, None, dialects, problem="; ".join(error.errors))
    return NetworkConfig(path)


def apply_config(config: NetworkConfig, identity: Identity, shapes: Shapes) -> Identity:
    """The identity of a checkpoint with the choices of its configuration.

    Args:
        config: of the checkpoint's folder.
        identity: of the checkpoint, from its arrays alone.
        shapes: {array name: shape} of the checkpoint.

    Raises:
        FileError: the configuration describes a network outside this family, or one with other
            arrays.
    """
    ignored = f"{printable(str(config.path))} is not used"
    if not config.library:
        reason = config.problem or "it describes no ResNet of transformers or timm"
        return _noted(identity, f"{ignored}: {reason}")
    if identity.dialect not in config.dialects:
        reason = f"it is of {config.library}, but the arrays have {identity.dialect} names"
        return _noted(identity, f"{ignored}: {reason}")
    if config.problem:
        raise FileError(
            f"{CONFIG} describes another network than the arrays alone: {config.problem};"
            " pass --spec to choose a network anyway"
        )
    if config.spec is None:
        return _noted(identity, f"{ignored}: its architecture is not known")
    found = identity.spec
    classes = config.classes if found.num_classes and config.classes else found.num_classes
    channels = config.spec.in_channels if config.has_channels else found.in_channels
    spec = replace(config.spec, num_classes=classes, in_channels=channels)
    is_same = spec.depths == found.depths and matches(shapes, spec, dialect(identity.dialect))
    if not is_same:
        raise FileError(
            f"{CONFIG} and the arrays contradict each other; pass --spec to choose a network",
            [
                f"{path} is {configured} in {CONFIG}, but the arrays have {actual}"
                for path, configured, actual in different_choices(spec, found)
            ],
        )
    evidence = Evidence(Origin.CONFIG, notes=identity.evidence.notes)
    return Identity(zoo_name(spec), spec, identity.dialect, (), ambiguous=False, evidence=evidence)


def _noted(identity: Identity, note: str) -> Identity:
    return replace(identity, evidence=identity.evidence.with_notes(note))
