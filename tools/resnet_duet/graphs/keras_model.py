"""A live Keras model as a graph: Keras 3 models of any form, functional models of tf_keras."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from resnet_duet.graphs.keras_arrays import LayerPath, Variable, Variables
from resnet_duet.graphs.keras_config import graph_of
from resnet_duet.graphs.keras_references import Call, Tensor
from resnet_duet.graphs.keras_trace import Record, Trace, trace
from resnet_duet.graphs.keras_tree import INPUT, Layer, Model, model_of
from resnet_duet.graphs.operations import Graph
from resnet_duet.weights.arrays import Arrays, Entry, named_dtype
from resnet_spec import ResNetError

SOURCE = "Keras model"
ACTIVATIONS = ("keras", "tensorflow")  # packages whose functions are what their names say
IMAGE_LAYER = "image"


def read(model: Any) -> tuple[Graph, Arrays]:
    """The graph of a Keras model in memory, and its arrays.

    A custom layer or model is followed into its `call`, if that runs on symbolic tensors; else it
    is one `Foreign` operation.

    Args:
        model: a `keras.Model` that has its weights: functional, Sequential or subclassed; or a
            functional model or Sequential of tf_keras.

    Returns:
        The graph and the arrays, by the paths of the variables. The arrays are read later.

    Raises:
        ResNetError: the model has no weights yet, or more than one input.
    """
    if any(cls.__module__.startswith("tf_keras.") for cls in type(model).__mro__):
        return _read_tf_keras(model)
    found = trace(model)
    names = _unique(model.variables, [variable.path for variable in model.variables])
    arrays = {names[id(variable)]: _entry(variable) for variable in model.variables}
    tree, variables = _tree(found, names)
    graph = graph_of(tree, variables, SOURCE)
    return graph, Arrays({name: entry for name, entry in arrays.items() if _is_weight(name)})


def _is_weight(name: str) -> bool:
    """Whether a variable is more than the state of a random generator."""
    return "seed_generator" not in name


def _tree(found: Trace, names: Mapping[int, str]) -> tuple[Model, Variables]:
    """The records as one flat functional model, and the variables of its layers."""
    tensors = {id(found.image): Tensor(IMAGE_LAYER, 0, 0)}
    config = {"batch_shape": list(found.image.shape)}
    layers = {IMAGE_LAYER: Layer(IMAGE_LAYER, INPUT, "", config, (), None)}
    variables: dict[LayerPath, tuple[Variable, ...]] = {}
    operations = {id(record.operation): record.operation for record in found.records}
    labels = _unique(operations.values(), map(_label, operations.values()), {IMAGE_LAYER})
    for record in found.records:
        name = labels[id(record.operation)]
        layer = layers.get(name) or _layer(name, record)
        call = Call(_plain(record.args, tensors), _plain(record.kwargs, tensors))
        layers[name] = Layer(
            name, layer.class_name, layer.module, layer.config, (*layer.calls, call), None
        )
        for number, output in enumerate(record.outputs):
            tensors[id(output)] = Tensor(name, len(layer.calls), number)
        variables[name,] = tuple(
            Variable(variable.name, names[id(variable)], tuple(variable.shape))
            for variable in getattr(record.operation, "variables", ())
            if id(variable) in names and _is_weight(names[id(variable)])
        )
    outputs = tuple(tensors[id(output)] for output in found.outputs if id(output) in tensors)
    if len(outputs) < len(found.outputs):
        raise ResNetError("the model returns a tensor that no layer of it computes")
    return Model("", layers, (IMAGE_LAYER,), outputs), variables


def _layer(name: str, record: Record) -> Layer:
    """A layer or operation as a file describes it."""
    import keras

    kind = type(record.operation)
    if record.opaque:
        return Layer(name, f"custom layer {kind.__qualname__}", "", {}, (), None)
    described = keras.saving.serialize_keras_object(record.operation)
    config = json.loads(json.dumps(described["config"], default=str))
    function = getattr(record.operation, "activation", None)
    if function is not None and "activation" in config and not _is_known(function):
        config["activation"] = f"{function.__module__}.{getattr(function, '__qualname__', '')}"
    return Layer(name, kind.__name__, kind.__module__, config, (), None)


def _is_known(function: Any) -> bool:
    """Whether an activation is one of Keras' or TensorFlow's."""
    return str(getattr(function, "__module__", "")).split(".")[0] in ACTIVATIONS


def _label(operation: Any) -> str:
    return str(getattr(operation, "path", None) or operation.name)


def _unique(
    values: Iterable[Any], labels: Iterable[str], taken: Iterable[str] = ()
) -> dict[int, str]:
    """{id of a value: its label}, with a number after a label that comes twice."""
    found: dict[int, str] = {}
    used = set(taken)
    for value, label in zip(values, labels, strict=True):
        unique, count = label, 0
        while unique in used:
            count += 1
            unique = f"{label}:{count}"
        used.add(unique)
        found[id(value)] = unique
    return found


def _plain(value: Any, tensors: Mapping[int, Tensor]) -> Any:
    """Arguments of a call as `keras_tree` has them."""
    if id(value) in tensors:
        return tensors[id(value)]
    match value:
        case None | bool() | int() | float() | str():
            return value
        case np.generic():
            return value.item()
        case tuple():
            return tuple(_plain(item, tensors) for item in value)
        case list():
            return [_plain(item, tensors) for item in value]
        case dict():
            return {key: _plain(item, tensors) for key, item in value.items()}
        case slice():
            parts = {"start": value.start, "stop": value.stop, "step": value.step}
            return {"class_name": "__slice__", "config": parts}
    return {"class_name": type(value).__name__}


def _entry(variable: Any) -> Entry:
    import keras

    def array() -> np.ndarray:
        return np.array(keras.ops.convert_to_numpy(variable))

    dtype = named_dtype(keras.backend.standardize_dtype(variable.dtype))
    return Entry(tuple(variable.shape), dtype, array)


def _read_tf_keras(model: Any) -> tuple[Graph, Arrays]:
    """`read` for a functional model or Sequential of tf_keras, through its configuration."""
    try:
        tree = model_of(json.loads(model.to_json()))
    except NotImplementedError:
        tree = None
    if tree is None:
        raise ResNetError("a subclassed model of tf_keras cannot be traced: convert its weights")
    found: list[tuple[LayerPath, Any]] = list(_weights(model, tree, ()))
    names = _unique(
        [weight for _, weight in found],
        ["/".join((*path, _word(weight))) for path, weight in found],
    )
    variables: dict[LayerPath, tuple[Variable, ...]] = {}
    for path, weight in found:
        own = Variable(_word(weight), names[id(weight)], tuple(weight.shape))
        variables[path] = (*variables.get(path, ()), own)
    arrays = {
        names[id(w)]: Entry(tuple(w.shape), named_dtype(w.dtype.name), w.numpy) for _, w in found
    }
    return graph_of(tree, variables, SOURCE), Arrays(arrays)


def _weights(model: Any, tree: Model, path: LayerPath) -> Iterable[tuple[LayerPath, Any]]:
    """(path of a layer, one of its weights) for every layer of a tf_keras model."""
    for layer in model.layers:
        inner = tree.layers[layer.name].model if layer.name in tree.layers else None
        if inner is not None:
            yield from _weights(layer, inner, (*path, layer.name))
        else:
            yield from (((*path, layer.name), weight) for weight in layer.weights)


def _word(weight: Any) -> str:
    """The name of a variable in its layer: kernel of "conv1/kernel:0"."""
    return str(weight.name).rpartition("/")[2].partition(":")[0]
