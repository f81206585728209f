"""Keras 3's .weights.h5: groups counted by class, each with its layer's name as an attribute."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from resnet_duet.errors import FileError
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.files import hdf5
from resnet_duet.port.label import KEY, Label, label_of

WORDS = {  # Keras' classes, in its own spelling, and the order of their variables
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "conv2d": ("kernel", "bias"),
    "dense": ("kernel", "bias"),
}
OPTIMIZER = "optimizer"


def read(path: Path) -> Checkpoint:
    """Every variable, by its layer's name."""
    return from_index(hdf5.index(path))


def from_index(index: hdf5.Index) -> Checkpoint:
    """The same, of a file whose index is known; layers may stand within models within models."""
    variables = [path for path in index.datasets if path.split("/")[-2:-1] == ["vars"]]
    if not any(path.startswith("layers/") for path in variables):
        raise FileError("it has no group 'layers' with variables, so no weights of Keras 3")
    entries = {
        _name(index, path): index.entry(path)
        for path in variables
        if not path.startswith(f"{OPTIMIZER}/")
    }
    left_out = tuple(path for path in index.datasets if path.startswith(f"{OPTIMIZER}/"))
    return Checkpoint(Arrays(entries), label_of(index.attributes[""].get(KEY)), left_out)


def write(stream: BinaryIO, arrays: Arrays, label: Label) -> None:
    """The file that Keras would write: it loads variables by counting layers of a class.

    The arrays stand in the order in which Keras lists the layers, as every dialect of Keras does.
    """
    counts = Counter[str]()
    places: dict[str, tuple[Any, str]] = {}
    with hdf5.writing(stream) as file:
        file.attrs[KEY] = label.to_json()
        layers = file.create_group("layers")
        for layer, variables in by_layer(arrays).items():
            kind = _class(variables, arrays)
            number = f"_{counts[kind]}" if counts[kind] else ""
            counts[kind] += 1
            group = layers.create_group(f"{kind}{number}/vars")
            group.attrs["name"] = layer
            for word, name in variables.items():
                places[name] = (group, str(WORDS[kind].index(word)))
        hdf5.put(places, arrays)


def by_layer(arrays: Arrays) -> dict[str, dict[str, str]]:
    """{layer: {word: name of the array}}."""
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
    """`layers/conv2d_7/vars/0` is the kernel of the layer that the group names."""
    *_, key, _, number = path.split("/")
    words = WORDS.get(key.rstrip("_0123456789"), ())
    layer = index.attributes[path.removesuffix(f"/{number}")].get("name", key)
    is_known = number.isdecimal() and int(number) < len(words)
    return f"{layer}/{words[int(number)] if is_known else number}"
