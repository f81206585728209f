"""One small network in a file of every format, as bytes, for tests of damage."""

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
from resnet_duet import formats
from resnet_duet.metadata import METADATA_KEY, FileMetadata
from resnet_duet.weights.arrays import Arrays

SPEC = resnet_spec.get(
    "cifar_resnet20_b", depths=(1, 1, 1), widths=(2, 4, 8), stem={"channels": (2,)}, num_classes=7
)
METADATA = FileMetadata(SPEC, None, "test")

AT_THE_ENDS = 3000  # bytes at the start and end of a file, where headers and indices are

# kind: (file name, dialect of its names, whether a checksum protects every array)
KINDS = {
    "pth": ("net.pth", "torchvision", True),
    "legacy_pth": ("net.pth", "torchvision", False),
    "safetensors": ("net.safetensors", "torchvision", False),
    "npz": ("net.npz", "torchvision", True),
    "compressed_npz": ("net.npz", "torchvision", True),
    "weights_h5": ("net.weights.h5", "keras", False),
    "h5": ("net.h5", "keras", False),
    "compressed_h5": ("net.h5", "keras", False),
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
        case "compressed_npz":
            return compressed_npz(arrays)
        case "compressed_h5":
            return compressed_h5(arrays)
        case "keras":
            return keras(thin_file("weights_h5"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        target = formats.check_writable(path, dialect, overwrite=False, input_layout=None)
        formats.write(target, Arrays.of(arrays), METADATA)
        return path.read_bytes()


def legacy_pth(arrays: dict[str, np.ndarray]) -> bytes:
    """The file of PyTorch before 1.6."""
    import torch

    stream = io.BytesIO()
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    torch.save(state, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


def compressed_npz(arrays: dict[str, np.ndarray]) -> bytes:
    """The file of `np.savez_compressed`, with metadata."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays, **{METADATA_KEY: np.array(METADATA.to_json())})
    return stream.getvalue()


def compressed_h5(arrays: dict[str, np.ndarray]) -> bytes:
    """The arrays of a few layers, in compressed chunks; not a whole network."""
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
    """The archive of Keras, its configuration reduced to the fields that are read."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps({"config": {"layers": list(layers())}}))
        archive.writestr("model.weights.h5", weights_h5)
        archive.writestr(f"{METADATA_KEY}.json", METADATA.to_json())
    return stream.getvalue()


def layers():
    """The result of `get_config` for each layer, in execution order."""
    plan = resnet_spec.plan(SPEC)
    order = [layer.name for layer in plan.stem]
    for block in plan.blocks():
        shortcut = [layer.name for layer in block.shortcut or ()]
        branch = [layer.name for layer in (*block.pre, *block.branch)]
        order += [*branch, *shortcut, block.addition, *(layer.name for layer in block.post)]
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
