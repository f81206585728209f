"""The .h5 of Keras 1, Keras 2 and tf.keras: a group per layer; weights or a whole model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from resnet_duet.errors import FileError
from resnet_duet.formats import hdf5, weights_h5
from resnet_duet.formats.checkpoint import Checkpoint, Content
from resnet_duet.formats.keras_config import configs_of
from resnet_duet.metadata import METADATA_KEY, metadata_from
from resnet_duet.weights.arrays import Arrays

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
    entries, prefix = {}, f"{root}/" if root else ""
    for layer in layers:
        weights = _weights(index, prefix + layer)
        for name, weight in zip(_names(layer, weights), weights, strict=True):
            entries[name] = index.entry(f"{prefix}{layer}/{weight}")
    skipped = tuple(path for path in index.datasets if path.startswith(f"{OPTIMIZER}/"))
    config = weights_h5.root_text(index, "model_config")
    metadata = metadata_from(weights_h5.root_text(index, METADATA_KEY))
    return Checkpoint(Arrays(entries), metadata, skipped, configs_of(config) if config else {})


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


def _names(layer: str, weights: list[str]) -> Iterator[str]:
    """The arrays' names. A layer that is itself a model lists the weights of all its layers."""
    words = [weight.rpartition("/")[2].partition(":")[0] for weight in weights]
    words = [word.removeprefix(f"{layer}_") for word in words]  # Keras 1: bn_conv1_running_mean
    is_model = len(set(words)) < len(words)
    for weight, word in zip(weights, words, strict=True):
        owner = weight.split("/")[-2] if is_model and "/" in weight else layer
        yield f"{owner}/{KERAS_1.get(word, word)}"


def _weights(index: hdf5.Index, group: str) -> list[str]:
    return hdf5.texts(index.attributes.get(group, {}), "weight_names") or []
