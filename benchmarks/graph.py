"""ResNet-50 as an .onnx file: ours against the exporters of PyTorch and Keras.

    python -m benchmarks.graph [--rounds N]

Both start with the same network in memory and end with a file; ours is also synced to the disk.
"""

import argparse
import os
import platform
import tempfile
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np

import resnet_duet
import resnet_tf
import resnet_torch
from benchmarks.convert import table
from benchmarks.pairs import Pair, paired

NAME, SIZE = "resnet50", 224


def pairs(folder: Path, rounds: int) -> Iterator[Pair]:
    """Every pair."""
    import torch

    ours, theirs = folder / "ours.onnx", folder / "theirs.onnx"
    torch_net = resnet_torch.build(NAME).eval()
    image = torch.zeros(1, 3, SIZE, SIZE)

    def export() -> None:
        torch.onnx.export(torch_net, (image,), theirs, external_data=False, verbose=False)

    yield paired(
        "from PyTorch, against torch.onnx.export",
        lambda: resnet_duet.save(torch_net, ours),
        export,
        rounds,
    )
    keras_net = resnet_tf.build(NAME)
    keras_net(np.zeros((1, SIZE, SIZE, 3), np.float32))  # Keras exports only networks that ran
    yield paired(
        'from Keras, against Model.export(format="onnx")',
        lambda: resnet_duet.save(keras_net, ours, axes="NHWC"),
        lambda: keras_net.export(theirs, format="onnx", verbose=False),
        rounds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    libraries = ("torch", "onnxscript", "tensorflow", "keras", "tf2onnx", "onnx")
    versions = ", ".join(f"{name} {version(name)}" for name in libraries)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters warn about their own internals
        found = list(pairs(Path(folder), rounds))
    print(f"\nResNet-50 in float32, {os.cpu_count()} cores, {platform.machine()}, {rounds} rounds,")
    print(f"Python {platform.python_version()}, {versions}\n")
    print(table(found))


if __name__ == "__main__":
    main()
