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
    entries = {name: index.entry(path) for path, name in array_names(index).items()}
    skipped = tuple(path for path in index.datasets if _is_skipped(path))
    return Checkpoint(Arrays(entries), metadata_from(root_text(index, METADATA_KEY)), skipped)


def array_names(index: hdf5.Index) -> dict[str, str]:
    """{path of a variable: name of its array}.

    The name is that of the variable in its layer, as `conv1/kernel`. If two layers of a file have
    the same name, then the names of the models around a layer come before it.

    Raises:
        FileError: no variables, or two with one name.
    """
    variables = [path for path in index.datasets if path.split("/")[-2:-1] == ["vars"]]
    if not variables:
        raise FileError("not a Keras 3 weights file: no group 'vars' contains variables")
    variables = [path for path in variables if not _is_skipped(path)]
    groups = {path: path.rpartition("/vars/")[0] for path in variables}
    counts = Counter(groups.values())
    words = {path: _word(path, counts[group]) for path, group in groups.items()}
    return unique_names(
        {path: f"{_label(index, groups[path])}/{words[path]}" for path in variables},
        {path: f"{_labels(index, groups[path])}/{words[path]}" for path in variables},
    )


def unique_names(short: Mapping[str, str], long: Mapping[str, str]) -> dict[str, str]:
    """The short names if they are unique, else the long ones, each {path: name}.

    Raises:
        FileError: the long names are not unique either.
    """
    if len(set(short.values())) == len(short):
        return dict(short)
    for name, count in Counter(long.values()).items():
        if count > 1:
            raise FileError(f"the file has two arrays of the name {name}")
    return dict(long)


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


def _is_skipped(path: str) -> bool:
    """Whether a variable is the optimizer's, or the state of a random generator."""
    return path.startswith(f"{OPTIMIZER}/") or "/seed_generator" in path


def _word(path: str, count: int) -> str:
    """Keras' name of a variable: the first of a convolution is its kernel.

    Args:
        path: of the variable.
        count: of the variables of its layer. A norm without scale or offset has fewer than
            four: theirs keep their numbers.
    """
    *_, key, _, number = path.split("/")
    words = VARIABLES.get(key.rstrip("_0123456789"), ())
    is_norm_without = key.startswith("batch_normalization") and count != len(words)
    is_known = number.isdecimal() and int(number) < len(words) and not is_norm_without
    return words[int(number)] if is_known else number


def _label(index: hdf5.Index, group: str) -> str:
    """The name of a group's layer, or the group's own if the file does not have it."""
    name = index.attributes.get(f"{group}/vars", {}).get("name")
    return name if isinstance(name, str) else group.rpartition("/")[2]


def _labels(index: hdf5.Index, group: str) -> str:
    """The names of the models around a group's layer, and its own."""
    parts = group.split("/")
    groups = ["/".join(parts[: i + 1]) for i, part in enumerate(parts) if part != "layers"]
    return "/".join(_label(index, group) for group in groups)
