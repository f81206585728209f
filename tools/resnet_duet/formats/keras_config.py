"""The configuration of each layer, from a file of a whole Keras model or from the model itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from resnet_duet.errors import FileError
from resnet_duet.formats.damage import corrupted

CLASS = "class_name"
KIND = "a Keras configuration"

Configs = Mapping[str, Mapping[str, Any]]  # {layer name: what Keras' get_config returns}


def configs_of(model_config: str) -> Configs:
    """The configurations of the layers in a model's JSON.

    Raises:
        FileError: not JSON, or not of the form that Keras writes.
    """
    with corrupted(KIND, json.JSONDecodeError, RecursionError):
        config = json.loads(model_config)
    return dict(_layers(config))


def _layers(config: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name, configuration) of each layer. The JSON may have any form, so each step is checked."""
    model = _field(config, "config", dict | list)
    layers = _field(model, "layers", list) if isinstance(model, dict) else model  # Keras 1: a list
    for layer in layers:
        own = _field(layer, "config", dict)
        name = layer.get("name", own.get("name"))
        if isinstance(name, str):
            yield name, own | {CLASS: _field(layer, CLASS, str)}


def _field(mapping: Any, key: str, kind: Any) -> Any:
    """A field of a JSON object, which must be of this type."""
    if not isinstance(mapping, dict) or not isinstance(mapping.get(key), kind):
        raise FileError(f"not {KIND}, or corrupted: {key!r} is missing or of another type")
    return mapping[key]


def configs_of_model(model: Any) -> Configs:
    """The configurations of the layers of a Keras model in memory."""
    return {
        layer.name: layer.get_config() | {CLASS: type(layer).__name__} for layer in model.layers
    }
