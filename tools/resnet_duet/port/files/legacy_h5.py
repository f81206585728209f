"""The .h5 of Keras 1 and 2 and of tf.keras: a group for each layer; weights or a whole model."""

from pathlib import Path

import h5py

from resnet_duet.errors import FileError
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.evidence import configs_of
from resnet_duet.port.files import weights_h5


def read(path: Path) -> Checkpoint:
    """Every weight, as layer/word: `conv2d_3/kernel`."""
    with h5py.File(path) as file:
        if "layers" in file:
            return weights_h5.read_group(file)
        root = file.get("model_weights", file)
        if "layer_names" not in root.attrs:
            raise FileError("it is HDF5, but lists no layer_names, so it holds no weights of Keras")
        arrays = {}
        for layer in map(_text, root.attrs["layer_names"]):
            for weight in map(_text, root[layer].attrs["weight_names"]):
                word = weight.rpartition("/")[2].partition(":")[0]
                arrays[f"{layer}/{word}"] = root[layer][weight][()]
        config = file.attrs.get("model_config")
        return Checkpoint(arrays, None, configs=configs_of(_text(config)) if config else {})


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
