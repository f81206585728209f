"""Time and peak memory of conversions, as whole processes, against the alternatives.

    python -m benchmarks.convert [--rounds N]

Processes of a pair run in turn. A ratio is theirs over ours: above 1, ours is faster.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

import resnet_duet
from benchmarks.pairs import Pair, paired

NETS = ("resnet50", "resnet152")
TO_MEASURE = ((".safetensors", ".weights.h5"), (".pth", ".safetensors"), (".safetensors", ".onnx"))
IMPORTS = [sys.executable, "-c", "import numpy, h5py, safetensors"]
MEGA = 10**6

BUILD_AND_ASSIGN = """
import sys, numpy as np, keras, torch
from safetensors.torch import load_file
import resnet_tf, resnet_torch
source = resnet_torch.build("resnet50")
source.load_state_dict(load_file(sys.argv[1]), strict=False)
target = resnet_tf.build("resnet50")
state = {name: tensor.numpy() for name, tensor in source.state_dict().items()}
for layer in target.layers:
    word = f"{layer.name}."
    own = [state[word + w] for w in ("weight", "bias", "running_mean", "running_var")
           if word + w in state]
    if own and own[0].ndim == 4:
        own[0] = own[0].transpose(2, 3, 1, 0)
    elif own and own[0].ndim == 2:
        own[0] = own[0].T
    if own:
        layer.set_weights(own)
target.save_weights(sys.argv[2])
"""


@dataclass(frozen=True)
class Peak:
    """Peak memory of one conversion.

    Attributes:
        description: of the conversion.
        peak: the most bytes of resident memory.
        file: bytes of the source.
    """

    description: str
    peak: int
    file: int


def run(command: Sequence[str | Path]) -> None:
    """One process from start to end."""
    subprocess.run([*map(str, command)], check=True, stdout=subprocess.DEVNULL, env=quiet())


def quiet() -> dict[str, str]:
    """The environment of a process in which TensorFlow logs nothing."""
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}


def converting(source: Path, target: Path) -> list[str]:
    """The command that converts, by the script that pip installed."""
    command = Path(sys.executable).with_name("resnet-duet")
    return [str(command), "convert", str(source), str(target), "--overwrite"]


def checkpoints(folder: Path, name: str) -> dict[str, Path]:
    """{suffix: a network's checkpoint as other tools write it}."""
    import torch

    weights = {
        n: a.astype(np.float32)
        for n, a in resnet_duet.random_weights(name, 0, norms="random").items()
    }
    found = {ending: folder / f"{name}{ending}" for ending in (".safetensors", ".pth")}
    save_file(weights, found[".safetensors"])
    torch.save({n: torch.from_numpy(a) for n, a in weights.items()}, found[".pth"])
    return found


def yardstick(source: Path, copy: Path) -> Callable[[], None]:
    """The least that a conversion needs: the imports, and the bytes on the disk."""

    def work() -> None:
        run(IMPORTS)
        run(["cp", source, copy])

    return work


def pairs(folder: Path, rounds: int) -> Iterator[Pair]:
    """Every pair."""
    source = checkpoints(folder, "resnet50")
    target, copy = folder / "ours.weights.h5", folder / "theirs.weights.h5"
    to_keras = converting(source[".safetensors"], target)
    to_torch = converting(source[".pth"], folder / "ours.safetensors")
    script = [sys.executable, "-c", BUILD_AND_ASSIGN, source[".safetensors"], copy]
    yield paired(
        ".safetensors to .weights.h5, against a script that builds both networks",
        lambda: run(to_keras),
        lambda: run(script),
        max(rounds // 3, 3),
    )
    for what, command, file in (
        (".safetensors to .weights.h5", to_keras, source[".safetensors"]),
        (".pth to .safetensors", to_torch, source[".pth"]),
    ):
        work = yardstick(file, folder / "copy")
        yield paired(f"{what}, against the imports and cp", lambda c=command: run(c), work, rounds)
    command = [str(Path(sys.executable).with_name("resnet-duet")), "--help"]
    click = [sys.executable, "-c", "import click"]
    yield paired("--help, against `import click`", lambda: run(command), lambda: run(click), rounds)


def peaks(folder: Path) -> Iterator[Peak]:
    """Peak memory of conversions, each in a separate process."""
    for name in NETS:
        source = checkpoints(folder, name)
        for ending, target in TO_MEASURE:
            command = converting(source[ending], folder / f"peak{target}")
            what = f"{name}, {ending} to {target}"
            yield Peak(what, peak(command), source[ending].stat().st_size)


def peak(command: Sequence[str]) -> int:
    """The most bytes of resident memory of a command.

    A small process starts it, so that only the command is measured.
    """
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True,"
        " stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *command], check=True, capture_output=True, text=True
    )
    return int(found.stdout) * 1024


def table(found: Sequence[Pair]) -> str:
    """A Markdown table: seconds of each, and the ratio round by round."""
    lines = [
        "| what | ours | theirs | ratio, median (min to max) |",
        "| --- | ---: | ---: | ---: |",
    ]
    for pair in found:
        spread = f"{pair.ratio:.2f} ({min(pair.ratios):.2f} to {max(pair.ratios):.2f})"
        lines.append(f"| {pair.description} | {pair.ours:.3f} s | {pair.theirs:.3f} s | {spread} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        print(table(list(pairs(Path(name), rounds))))
        print(
            "\n| conversion | peak memory | file | beyond the file |\n| --- | ---: | ---: | ---: |"
        )
        for row in peaks(Path(name)):
            numbers = (row.peak, row.file, row.peak - row.file)
            print(
                f"| {row.description} | " + " | ".join(f"{n / MEGA:.0f} MB" for n in numbers) + " |"
            )


if __name__ == "__main__":
    main()
