"""How long it takes to identify a whole model by its graph, against weights by their names.

    python -m benchmarks.identify [--rounds N]

Both files have the same arrays. Reading and identifying run in turn in one process, without any
array being read. The difference of the two is what the graph costs.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import resnet_duet
import resnet_tf
from benchmarks.pairs import Pair, paired
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint

NET = "resnet50"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print("| whole model | with graph | weights alone | difference |")
    print("| --- | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        for pair in pairs(Path(folder), rounds):
            extra = pair.ours - pair.theirs
            print(
                f"| {pair.description} | {pair.ours:.2f} s | {pair.theirs:.2f} s | {extra:.2f} s |"
            )


def pairs(folder: Path, rounds: int) -> Iterator[Pair]:
    """One pair for each kind of whole model."""
    net = resnet_tf.build(NET)
    resnet_duet.save(net, folder / "weights.weights.h5")
    resnet_duet.save(net, folder / "weights.h5")
    resnet_duet.save(net, folder / "weights.npz")
    net.save(folder / "model.keras")
    net.save(folder / "model.h5")
    resnet_duet.save(net, folder / "model.onnx")
    weights = {"model.keras": "weights.weights.h5", "model.h5": "weights.h5"}
    for whole, other in (weights | {"model.onnx": "weights.npz"}).items():
        yield paired(whole, identify(folder / whole), identify(folder / other), rounds)


def identify(path: Path):
    """A function that reads and identifies a file."""
    return lambda: open_checkpoint(path, None, None, HeadChoice.KEEP)


if __name__ == "__main__":
    main()
