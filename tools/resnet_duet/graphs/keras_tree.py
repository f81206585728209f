"""A Keras model's JSON as nested models, layers and calls, in one form for every version of Keras.

The JSON may have any form, so each step is checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from resnet_duet.graphs.keras_1 import today
from resnet_duet.graphs.keras_references import (
    Call,
    Json,
    Tensor,
    call_of,
    damaged,
    references,
)

FUNCTIONAL = ("Functional", "Model")
SEQUENTIAL = "Sequential"
INPUT = "InputLayer"
USER_MODULE = "__main__"  # of a user's class for which Keras writes a name and no module

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Layer:
    """A layer or an operation of a model.

    Attributes:
        name: unique in its model.
        class_name: of the layer.
        module: Python's module of the class; "" if the file does not give it.
        config: the settings.
        calls: of the layer in its model.
        model: the layers inside, if the layer is itself a model.
    """

    name: str
    class_name: str
    module: str
    config: Json
    calls: tuple[Call, ...]
    model: "Model | None"


@dataclass(frozen=True)
class Model:
    """A model.

    Attributes:
        name: of the model.
        layers: by name, in Keras' order.
        inputs: names of the input layers.
        outputs: references.
    """

    name: str
    layers: Mapping[str, Layer]
    inputs: tuple[str, ...]
    outputs: tuple[Tensor, ...]


def model_of(config: Any) -> Model | None:
    """The model that a whole-model file describes.

    Args:
        config: parsed JSON.

    Returns:
        None for a class of the user's, which the JSON does not describe.

    Raises:
        FileError: the JSON does not have the form that Keras writes.
    """
    return _layer(config, ()).model


def _model(name: str, class_name: str, config: Any) -> Model | None:
    if class_name == SEQUENTIAL:
        return _sequential(name, config if isinstance(config, list) else _list(config, "layers"))
    if class_name in FUNCTIONAL and isinstance(config, dict) and "layers" in config:
        return _functional(name, config)
    return None


def _sequential(name: str, items: list[Any]) -> Model:
    """A Sequential as a functional model: each layer is called once, on the one before."""
    layers: dict[str, Layer] = {}
    first = _layer(items[0], ()) if items else None
    if first is None or first.class_name != INPUT:
        shape = first.config.get("batch_input_shape") if first else None
        layers["input"] = Layer("input", INPUT, "", {"batch_shape": shape}, (), None)
    for item in items:
        before = [Tensor(list(layers)[-1], 0, 0)] if layers else []
        layer = _layer(item, (Call(tuple(before), {}),) if before else ())
        _add(layers, layer)
    source, *_, last = [*layers, *layers]
    return Model(name, layers, (source,), (Tensor(last, 0, 0),))


def _functional(name: str, config: Json) -> Model:
    items = _list(config, "layers")
    layers: dict[str, Layer] = {}
    for item in items:
        nodes = _list(item, "inbound_nodes")
        _add(layers, _layer(item, tuple(map(call_of, nodes))))
    layers = {
        key: replace(layer, calls=tuple(_counted(call, layers, item) for call in layer.calls))
        for (key, layer), item in zip(layers.items(), items, strict=True)
    }
    is_list = any(isinstance(node, list) for item in items for node in item["inbound_nodes"])
    inputs = tuple(tensor.layer for tensor in references(config.get("input_layers")))
    outputs = tuple(
        _shifted(tensor, layers, is_list) for tensor in references(config.get("output_layers"))
    )
    for tensor in outputs:
        _check(tensor, layers)
    if not outputs or not inputs or any(layer not in layers for layer in inputs):
        raise damaged("a model without inputs or outputs")
    return Model(name, layers, inputs, outputs)


def _add(layers: dict[str, Layer], layer: Layer) -> None:
    if layer.name in layers:
        raise damaged(f"two layers are named {layer.name!r}")
    layers[layer.name] = layer


def _layer(item: Any, calls: tuple[Call, ...]) -> Layer:
    if not isinstance(item, dict):
        raise damaged("a layer is not an object")
    class_name, config = item.get("class_name"), item.get("config")
    if not isinstance(class_name, str):
        raise damaged("a layer has no 'class_name'")
    if isinstance(config, dict):
        class_name, config = today(class_name, config)
    settings = config if isinstance(config, dict) else {}
    name = _text(item.get("name", settings.get("name", class_name)))
    module = _text(item.get("module") or (USER_MODULE if item.get("registered_name") else ""))
    registered = _text(item.get("registered_name") or class_name)
    is_keras = module.split(".")[0] in ("", "keras", "tf_keras") and registered == class_name
    model = _model(name, class_name, config) if is_keras else None
    if model is None and not isinstance(config, dict):
        raise damaged(f"the layer {name} has no 'config'")
    return Layer(name, class_name if is_keras else registered, module, settings, calls, model)


def _counted(call: Call, layers: Mapping[str, Layer], item: Json) -> Call:
    """The call with references whose calls are counted from 0."""
    is_list = isinstance(item["inbound_nodes"][0], list)

    def counted(value: Any) -> Any:
        if isinstance(value, Tensor):
            tensor = _shifted(value, layers, True) if is_list else value
            _check(tensor, layers)
            return tensor
        if isinstance(value, list):
            return [counted(part) for part in value]
        if isinstance(value, dict):
            return {key: counted(part) for key, part in value.items()}
        return value

    return Call(tuple(counted(list(call.args))), counted(dict(call.kwargs)))


def _shifted(tensor: Tensor, layers: Mapping[str, Layer], is_list: bool) -> Tensor:
    """The reference counted from 0: a nested model's call 0 may be its own construction.

    Keras 1 and 2 (`is_list`) count it for every model with an input layer, Keras 3 for functional
    models and in `output_layers` only.
    """
    layer = layers.get(tensor.layer)
    if layer is None or layer.model is None:
        return tensor
    if layer.class_name == SEQUENTIAL:
        starts = layer.model.layers[layer.model.inputs[0]]
        if not is_list or starts.config.get("batch_shape", ()) is None:
            return tensor
    return replace(tensor, call=tensor.call - 1)


def _check(tensor: Tensor, layers: Mapping[str, Layer]) -> None:
    """Raise FileError for a reference to something that does not exist."""
    layer = layers.get(tensor.layer)
    calls = 0 if layer is None else max(1, len(layer.calls)) if layer.class_name == INPUT else None
    calls = len(layer.calls) if calls is None and layer is not None else calls
    if not 0 <= tensor.call < (calls or 0) or tensor.output < 0:
        raise damaged(f"output {tensor.output} of call {tensor.call} of {tensor.layer!r}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise damaged("a layer's name is not a text")
    return value


def _list(config: Any, key: str) -> list[Any]:
    if not isinstance(config, dict) or not isinstance(config.get(key), list):
        raise damaged(f"{key!r} is missing or of another type")
    found: list[Any] = config[key]
    return found
