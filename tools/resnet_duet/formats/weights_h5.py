"""Keras 3's .weights.h5: groups numbered by layer class, each with its layer's name."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from resnet_duet.errors import FileError
from resnet_duet.formats import hdf5
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.metadata import METADATA_KEY, metadata_from
from resnet_duet.weights.arrays import Arrays

VARIABLES = {  # {Keras' name of a layer class: its variables in their order}
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "conv2d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
}
OPTIMIZER = "optimizer"


def read(path: Path) -> Checkpoint:
    """Every variable, by its layer's name."""
    return from_index(hdf5.index(path))


def from_index(index: hdf5.Index) -> Checkpoint:
    """`read` for a file whose index is known. Layers may be in models within models."""
    variables = [path for path in index.datasets if path.split("/")[-2:-1] == ["vars"]]
    if not any(path.startswith("layers/") for path in variables):
        raise FileError("not a Keras 3 weights file: no group 'layers' contains variables")
    entries = {
        _name(index, path): index.entry(path)
        for path in variables
        if not path.startswith(f"{OPTIMIZER}/")
    }
    skipped = tuple(path for path in index.datasets if path.startswith(f"{OPTIMIZER}/"))
    return Checkpoint(Arrays(entries), metadata_from(root_text(index, METADATA_KEY)), skipped)


def root_text(index: hdf5.Index, name: str) -> str | None:
    """A text among the attributes of the whole file. Raises FileError: it is a list of texts."""
    value = index.attributes[""].get(name)
    if isinstance(value, list):
        raise FileError(f"the attribute {name} is a list, not a text")
    return value


def write(stream: BinaryIO, content: Content) -> None:
    """The file that Keras would write: it loads variables by counting the layers of each class.

    The arrays are in the order in which Keras lists layers, as in every dialect of Keras.
    """
    arrays = content.arrays
    counts = Counter[str]()
    places: dict[str, tuple[Any, str]] = {}
    with hdf5.writing(stream) as file:
        file.attrs[METADATA_KEY] = content.metadata.to_json()
        layers = file.create_group("layers")
        for layer, variables in by_layer(arrays).items():
            kind = _class(variables, arrays)
            number = f"_{counts[kind]}" if counts[kind] else ""
            counts[kind] += 1
            group = layers.create_group(f"{kind}{number}/vars")
            group.attrs["name"] = layer
            for word, name in variables.items():
                places[name] = (group, str(VARIABLES[kind].index(word)))
        hdf5.put(places, arrays)


def by_layer(arrays: Arrays) -> dict[str, dict[str, str]]:
    """{layer: {variable: name of its array}}."""
    layers: dict[str, dict[str, str]] = {}
    for name in arrays:
        layer, _, word = name.rpartition("/")
        layers.setdefault(layer, {})[word] = name
    return layers


def _class(variables: Mapping[str, str], arrays: Arrays) -> str:
    if "kernel" not in variables:
        return "batch_normalization"
    return "conv2d" if len(arrays.entries[variables["kernel"]].shape) == 4 else "dense"


def _name(index: hdf5.Index, path: str) -> str:
    """The array of `layers/conv2d_7/vars/0` is the kernel of the layer that the group names."""
    *_, key, _, number = path.split("/")
    words = VARIABLES.get(key.rstrip("_0123456789"), ())
    layer = index.attributes[path.removesuffix(f"/{number}")].get("name", key)
    is_known = number.isdecimal() and int(number) < len(words)
    return f"{layer}/{words[int(number)] if is_known else number}"
