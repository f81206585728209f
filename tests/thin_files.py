"""One small network in a file of every format, as bytes: what tests of damage begin with."""

import io
import json
import random
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import h5py
import numpy as np

import resnet_duet
import resnet_spec
from resnet_duet.port import files
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.label import KEY, Label

SPEC = resnet_spec.get(
    "cifar_resnet20_b", depths=(1, 1, 1), widths=(2, 4, 8), stem={"channels": (2,)}, num_classes=7
)
LABEL = Label(SPEC, None, "test")

AT_THE_ENDS = 3000  # bytes of a file, where headers and indices stand

# kind: (file name, dialect of its names, whether a checksum protects every array)
KINDS = {
    "pth": ("net.pth", "torchvision", True),
    "legacy_pth": ("net.pth", "torchvision", False),
    "safetensors": ("net.safetensors", "torchvision", False),
    "npz": ("net.npz", "torchvision", True),
    "squeezed_npz": ("net.npz", "torchvision", True),
    "weights_h5": ("net.weights.h5", "keras", False),
    "h5": ("net.h5", "keras", False),
    "squeezed_h5": ("net.h5", "keras", False),
    "keras": ("net.keras", "keras", True),
    "onnx": ("net.onnx", "torchvision", False),
}


def weights() -> dict[str, np.ndarray]:
    """The network's weights under torchvision's names."""
    drawn = resnet_duet.random_weights(SPEC, 0, norms="random")
    return {name: array.astype(np.float32) for name, array in drawn.items()}


@cache
def thin_file(kind: str) -> bytes:
    """The content of the network's file."""
    name, dialect, _ = KINDS[kind]
    arrays = resnet_duet.convert(weights(), SPEC, "torchvision", dialect)
    match kind:
        case "legacy_pth":
            return legacy_pth(arrays)
        case "squeezed_npz":
            return squeezed_npz(arrays)
        case "squeezed_h5":
            return squeezed_h5(arrays)
        case "keras":
            return keras(thin_file("weights_h5"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        files.write(path, Arrays.of(arrays), LABEL, dialect, overwrite=False)
        return path.read_bytes()


def legacy_pth(arrays: dict[str, np.ndarray]) -> bytes:
    """As PyTorch wrote it before 1.6."""
    import torch

    stream = io.BytesIO()
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    torch.save(state, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def squeezed_npz(arrays: dict[str, np.ndarray]) -> bytes:
    """As `np.savez_compressed` writes it, with the label."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays, **{KEY: np.array(LABEL.to_json())})
    return stream.getvalue()


def squeezed_h5(arrays: dict[str, np.ndarray]) -> bytes:
    """A few layers' arrays in pieces and compressed, as h5py is told to by some; no network."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs["layer_names"] = [b"conv1"]
        group = file.create_group("conv1")
        names = [name for name in arrays if name.startswith("layer3.0.conv")]
        group.attrs["weight_names"] = [name.encode() for name in names]
        for name in names:
            chunks = tuple(max(1, n // 2) for n in arrays[name].shape)
            group.create_dataset(name, data=arrays[name], chunks=chunks, compression="gzip")
    return stream.getvalue()


def keras(weights_h5: bytes) -> bytes:
    """Keras' archive of the network, its configuration cut down to what is read of it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps({"config": {"layers": list(layers())}}))
        archive.writestr("model.weights.h5", weights_h5)
        archive.writestr(f"{KEY}.json", LABEL.to_json())
    return stream.getvalue()


def layers():
    """What `get_config` gives for each layer, in the order in which they run."""
    plan = resnet_spec.plan(SPEC)
    order = [layer.name for layer in plan.stem]
    for block in plan.blocks():
        shortcut = [layer.name for layer in block.shortcut or ()]
        branch = [layer.name for layer in (*block.pre, *block.branch)]
        order += [*branch, *shortcut, block.addition, *(layer.name for layer in block.tail)]
    order += [layer.name for layer in plan.head]
    for name in order:
        kind = "Conv2D" if "conv" in name else "Layer"
        yield {"class_name": kind, "name": name, "config": {"name": name}}


def flipped(content, seed):
    """The content with one to eight bits or bytes changed, mostly in its headers and indices."""
    rng, damaged = random.Random(seed), bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        place = rng.choice((len(content), min(len(content), AT_THE_ENDS), -AT_THE_ENDS))
        at = rng.randrange(place) if place > 0 else max(0, len(content) + rng.randrange(place, 0))
        damaged[at] = rng.choice((damaged[at] ^ 1 << rng.randrange(8), 0, 255))
    return bytes(damaged)
