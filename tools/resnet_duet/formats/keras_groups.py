"""Which arrays of a Keras file belong to which layer of its configuration."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count, takewhile

from resnet_duet.errors import FileError
from resnet_duet.formats import hdf5, weights_h5
from resnet_duet.formats.damage import corrupted
from resnet_duet.graphs.keras_arrays import LayerPath, Variable, Variables
from resnet_duet.graphs.keras_tree import Layer, Model, model_of

KIND = "a Keras configuration"
GROUPS = {  # {class: Keras' name of a group of its variables}, for models and layers with arrays
    "BatchNormalization": "batch_normalization",
    "Conv2D": "conv2d",
    "Dense": "dense",
    "Functional": "functional",
    "Model": "functional",
    "Sequential": "sequential",
}


def model_of_json(text: str) -> Model | None:
    """The model that a configuration describes; None for a class of the user's.

    Raises:
        FileError: not JSON, or not of the form that Keras writes.
    """
    with corrupted(KIND, json.JSONDecodeError, RecursionError):
        return model_of(json.loads(text))


def in_order(model: Model, index: hdf5.Index) -> Variables:
    """The variables of a .weights.h5 by layers: Keras counts the layers of each class.

    Raises:
        FileError: the file has another name for a layer than the configuration.
    """
    names = weights_h5.array_names(index)
    found: dict[LayerPath, tuple[Variable, ...]] = {}
    for path, group in _groups(model, (), ""):
        label = index.attributes.get(f"{group}/vars", {}).get("name", path[-1])
        if label != path[-1]:
            raise FileError(f"the configuration has a layer {path[-1]} where the file has {label}")
        numbers = takewhile(lambda n: f"{group}/vars/{n}" in index.datasets, count())  # noqa: B023
        paths = {str(number): f"{group}/vars/{number}" for number in numbers}
        found[path] = tuple(
            Variable(number, names[place], index.datasets[place].shape)
            for number, place in paths.items()
        )
    return found


def _groups(model: Model, path: LayerPath, prefix: str) -> Iterator[tuple[LayerPath, str]]:
    """(path, group) of each layer that may have variables."""
    counts = Counter[str]()
    for layer in model.layers.values():
        key = GROUPS.get(layer.class_name.rpartition(">")[2])
        if key is None:
            continue
        number = f"_{counts[key]}" if counts[key] else ""
        counts[key] += 1
        group, own = f"{prefix}layers/{key}{number}", (*path, layer.name)
        if layer.model is None:
            yield own, group
        else:
            yield from _groups(layer.model, own, f"{group}/")


def by_name(model: Model, listed: Mapping[str, Mapping[str, Variable]]) -> Variables:
    """The variables of a whole-model .h5 by layers.

    A layer that is itself a model lists the variables of all its layers under their paths.

    Args:
        model: the configuration.
        listed: {layer of the outermost model: {path of a variable: variable}}.

    Raises:
        FileError: variables that could be those of several layers.
    """
    found: dict[LayerPath, tuple[Variable, ...]] = {}
    for layer in model.layers.values():
        own = listed.get(layer.name, {})
        if layer.model is None:
            found[layer.name,] = tuple(own.values())
            continue
        folders: dict[LayerPath, list[Variable]] = {}
        for path, variable in own.items():
            folders.setdefault(tuple(path.split("/")[:-1]), []).append(variable)
        taken = set[LayerPath]()
        for inner in _paths(layer, ()):
            around = (model.name, *"/".join(inner).split("/"))  # a name may contain a slash
            ends = [around[start:] for start in range(len(around)) if around[start:] in folders]
            if ends and ends[0] in taken:
                raise FileError(f"the arrays {'/'.join(ends[0])} could be those of several layers")
            taken.update(ends[:1])
            found[inner] = tuple(folders[ends[0]]) if ends else ()
    return found


def _paths(layer: Layer, path: LayerPath) -> Iterator[LayerPath]:
    """The paths of a layer that is a model, and of every layer in it that may have variables."""
    own = (*path, layer.name)
    if layer.model is None:
        if layer.class_name in GROUPS:
            yield own
    else:
        for inner in layer.model.layers.values():
            yield from _paths(inner, own)
