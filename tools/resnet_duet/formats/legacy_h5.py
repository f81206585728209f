"""The .h5 of Keras 1, Keras 2 and tf.keras: a group per layer; weights or a whole model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from resnet_duet.errors import FileError
from resnet_duet.formats import hdf5, keras_groups, weights_h5
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.graphs.keras_arrays import Variable
from resnet_duet.graphs.keras_config import graph_of
from resnet_duet.metadata import METADATA_KEY, metadata_from
from resnet_duet.weights.arrays import Arrays, Entry

WHOLE_MODEL = "model_weights"  # the group of the weights in the file of a whole model
OPTIMIZER = "optimizer_weights"
KERAS_1 = {  # Keras 1's names of variables; its "std" is a variance
    "W": "kernel",
    "b": "bias",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",
}
KERAS_VERSION = "2.15.0"  # the version whose format is written


def read(path: Path) -> Checkpoint:
    """Every weight, as layer/variable: `conv2d_3/kernel`."""
    index = hdf5.index(path)
    if "layers" in index.attributes:
        return weights_h5.from_index(index)
    root = WHOLE_MODEL if WHOLE_MODEL in index.attributes else ""
    layers = hdf5.texts(index.attributes[root], "layer_names")
    if layers is None:
        raise FileError("not a Keras weights file: this HDF5 file has no attribute layer_names")
    if index.attributes[root].get("backend") == "theano":  # it turns kernels by 180 degrees
        raise FileError(
            "the file was saved with the Theano backend, whose convolutions turn their kernels; "
            "load it with Keras 2 on TensorFlow and save it again"
        )
    prefix = f"{root}/" if root else ""
    weights = {layer: _weights(index, prefix + layer) for layer in layers}
    names = _array_names(weights)
    entries = {
        names[f"{layer}/{weight}"]: index.entry(f"{prefix}{layer}/{weight}")
        for layer, own in weights.items()
        for weight in own
    }
    skipped = tuple(path for path in index.datasets if path.startswith(f"{OPTIMIZER}/"))
    config = weights_h5.root_text(index, "model_config")
    metadata = metadata_from(weights_h5.root_text(index, METADATA_KEY))
    if config is None or (model := keras_groups.model_of_json(config)) is None:
        return Checkpoint(Arrays(entries), metadata, skipped)
    variables = {
        layer: {weight: _variable(layer, weight, names, entries) for weight in own}
        for layer, own in weights.items()
    }
    graph = graph_of(model, keras_groups.by_name(model, variables))
    return Checkpoint(Arrays(entries), metadata, skipped, graph)


def write(stream: BinaryIO, content: Content) -> None:
    """Weights as Keras 2 saves them. Keras loads them by its order of layers or by their names."""
    layers = weights_h5.by_layer(content.arrays)
    places: dict[str, tuple[Any, str]] = {}
    with hdf5.writing(stream) as file:
        file.attrs[METADATA_KEY] = content.metadata.to_json()
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = KERAS_VERSION.encode()
        hdf5.put_texts(file, "layer_names", list(layers))
        for layer, variables in layers.items():
            group = file.create_group(layer)
            hdf5.put_texts(group, "weight_names", [f"{layer}/{word}:0" for word in variables])
            places |= {name: (group, f"{layer}/{word}:0") for word, name in variables.items()}
        hdf5.put(places, content.arrays)


def _array_names(layers: Mapping[str, list[str]]) -> dict[str, str]:
    """{layer/weight: name of the array}. See `weights_h5.unique_names`.

    Args:
        layers: {layer: its weights}. A layer that is itself a model lists those of its layers.
    """
    short, long = {}, {}
    for layer, weights in layers.items():
        words = [_word(layer, weight) for weight in weights]
        folders = {weight.rpartition("/")[0] for weight in weights}
        is_model = len(folders) > 1 or len(set(words)) < len(words)
        for weight, word in zip(weights, words, strict=True):
            folder = weight.rpartition("/")[0]
            owner = weight.split("/")[-2] if is_model and "/" in weight else layer
            within = folder if f"{folder}/".startswith(f"{layer}/") else f"{layer}/{folder}"
            short[f"{layer}/{weight}"] = f"{owner}/{word}"
            long[f"{layer}/{weight}"] = f"{within.rstrip('/')}/{word}"
    return weights_h5.unique_names(short, long)


def _variable(
    layer: str, weight: str, names: Mapping[str, str], entries: Mapping[str, Entry]
) -> Variable:
    name = names[f"{layer}/{weight}"]
    return Variable(_word(layer, weight), name, entries[name].shape)


def _word(layer: str, weight: str) -> str:
    """Keras' name of a variable. Keras 1: `bn_conv1_running_mean`."""
    word = weight.rpartition("/")[2].partition(":")[0].removeprefix(f"{layer}_")
    return KERAS_1.get(word, word)


def _weights(index: hdf5.Index, group: str) -> list[str]:
    return hdf5.texts(index.attributes.get(group, {}), "weight_names") or []
