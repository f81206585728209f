"""The .h5 of Keras 1 and 2 and of tf.keras: a group for each layer; weights or a whole model."""

from pathlib import Path

import h5py

from resnet_duet.errors import FileError
from resnet_duet.port.checkpoint import Checkpoint
from resnet_duet.port.files import weights_h5


def read(path: Path) -> Checkpoint:
    """Every weight, as layer/word: `conv2d_3/kernel`."""
    with h5py.File(path) as file:
        if "layers" in file:
            return weights_h5.read_group(file)
        root = file.get("model_weights", file)
        if "layer_names" not in root.attrs:
            raise FileError(f"{path} is HDF5, but no weights of Keras: it lists no layer_names")
        arrays = {}
        for layer in map(_text, root.attrs["layer_names"]):
            for weight in map(_text, root[layer].attrs["weight_names"]):
                word = weight.rpartition("/")[2].partition(":")[0]
                arrays[f"{layer}/{word}"] = root[layer][weight][()]
        return Checkpoint(arrays, None)


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
