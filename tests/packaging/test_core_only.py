"""In an environment that has only what the package itself requires, checkpoints are converted."""

import subprocess
import sys
import venv
import zipfile
from importlib import metadata
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement

import resnet_duet
from resnet_duet import formats
from support.networks import bits
from support.paths import ROOT

ENDINGS = (".pth", ".safetensors", ".h5", ".weights.h5", ".npz")


def required(distribution: str) -> set[str]:
    """The distribution and everything that it cannot do without, by name."""
    found, waiting = set(), [distribution]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for line in metadata.requires(name) or ():
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                waiting.append(need.name)
    return found


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """The interpreter of a new environment: our wheel, and links to what it requires."""
    folder = tmp_path_factory.mktemp("core")
    venv.create(folder / "env", with_pip=False)
    site = next((folder / "env").glob("lib/python*/site-packages"))
    for name in required("resnet-duet") - {"resnet-duet"}:
        distribution = metadata.distribution(name)
        tops = {Path(file).parts[0] for file in distribution.files or ()} - {".."}
        for top in tops - {"__pycache__"}:
            (site / top).symlink_to(distribution.locate_file(top))
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)),
        ],
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    return folder / "env" / "bin" / "python"


def run(python, *words, code=0):
    result = subprocess.run(
        [str(python), *map(str, words)], capture_output=True, text=True, check=False
    )
    assert result.returncode == code, result.stderr
    return result.stdout if code == 0 else result.stderr


@pytest.mark.slow
def test_the_environment_has_no_framework_and_needs_none_to_convert(python, tmp_path):
    for framework in ("torch", "tensorflow", "keras", "onnx", "sklearn"):
        run(python, "-c", f"import {framework}", code=1)
    assert run(python, "-c", "import resnet_duet; print(resnet_duet.__file__)").startswith(
        str(python.parent.parent)
    )
    weights = resnet_duet.random_weights("cifar_resnet20_b", 0, norms="random")
    np.savez(tmp_path / "net.npz", **{n: a.astype(np.float32) for n, a in weights.items()})
    for ending in ENDINGS[:-1]:
        run(python, "-m", "resnet_duet", "convert", tmp_path / "net.npz", tmp_path / f"net{ending}")
    home = bits(formats.read(tmp_path / "net.npz").arrays)
    for source, target in permutations(ENDINGS, 2):
        path = tmp_path / f"out{target}"
        run(python, "-m", "resnet_duet", "convert", tmp_path / f"net{source}", path, "--overwrite")
        back = formats.read(path)
        dialect = "keras" if target.endswith("h5") else "torchvision"
        arrays = resnet_duet.convert(back.arrays, back.spec, dialect, "torchvision")
        assert bits(arrays) == home, (source, target)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["convert", "net.npz", "x.keras"], "this needs Keras"),
        (["convert", "net.ckpt", "x.npz"], "this needs Keras"),
        (["inspect", "net.onnx"], "this needs onnx"),
        (["convert", "net.npz", "x.onnx"], "this needs onnx"),
        (["verify", "net.npz"], "is not installed: pip install 'resnet-duet["),
    ],
)
def test_what_needs_a_framework_says_which_and_how_to_get_it(python, tmp_path, words, line):
    np.savez(tmp_path / "net.npz", **resnet_duet.random_weights("cifar_resnet20_b", 0))
    (tmp_path / "net.ckpt").write_bytes(b"checkpoint")
    (tmp_path / "net.onnx").write_bytes(b"checkpoint")
    paths = [tmp_path / word if "." in word else word for word in words]
    stderr = run(python, "-m", "resnet_duet", *paths, code=2)
    assert line in stderr
    assert stderr.count("\n") == 1
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.slow
def test_differences_are_listed_without_a_framework_and_measured_with_both(python):
    assert "norm_eps" in run(python, "-m", "resnet_duet", "differences")
    line = run(python, "-m", "resnet_duet", "differences", "norm_eps", code=2)
    assert line == (
        "resnet-duet: this needs PyTorch, and the package torch is not installed:"
        " pip install 'resnet-duet[torch]'\n"
    )
