"""Lower floors never import upper ones, and a command imports no framework it does not need."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

PACKAGES = ("shared/resnet_spec", "resnet_torch", "resnet_tf", "tools/resnet_duet")
STANDARD = frozenset(sys.stdlib_module_names)
LOADED = "import sys; {}; print(*sorted({{n.partition('.')[0] for n in sys.modules}}))"
FRAMEWORKS = {"torch", "tensorflow", "keras"}


def lint_imports(root: Path) -> subprocess.CompletedProcess:
    """Check the contracts of pyproject.toml on the packages of a checkout."""
    folders = [str(root / folder) for folder in ("shared", "tools", ".")]
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the packages and of the contracts."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "pyproject.toml", root)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    return root


def test_every_contract_is_kept(checkout):
    run = lint_imports(checkout)
    assert run.returncode == 0, run.stdout
    assert "0 broken" in run.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        (
            "tools/resnet_duet/weights/convert.py",
            "import resnet_duet.formats",
            "floors of resnet_d",
        ),
        ("tools/resnet_duet/weights/fold.py", "import resnet_duet.cli", "No cycles"),
        ("shared/resnet_spec/layers.py", "import resnet_spec.tables", "floors of resnet_spec"),
        ("shared/resnet_spec/rules.py", "import numpy", "standard library"),
        ("resnet_torch/layers.py", "import keras", "its own framework"),
        ("resnet_tf/weights.py", "import tensorflow", "any backend"),
        ("resnet_tf/layers.py", "import resnet_duet.errors", "four packages"),
    ],
)
def test_a_planted_import_breaks_its_contract(checkout, file, line, contract):
    path = checkout / file
    text = path.read_text()
    path.write_text(f"{text}\n\ndef planted():\n    {line}\n")
    try:
        run = lint_imports(checkout)
    finally:
        path.write_text(text)
    assert run.returncode == 1
    broken = [kept for kept in run.stdout.splitlines() if kept.endswith("BROKEN")]
    assert any(contract in kept for kept in broken), run.stdout


def loaded(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after this statement."""
    code = LOADED.format(statement)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def test_the_spec_needs_the_standard_library_only():
    packages = loaded("import resnet_spec; resnet_spec.plan(resnet_spec.get('resnet50'))")
    before = loaded("pass")  # what the interpreter's own start-up loads, in this environment
    assert packages - STANDARD - before == {"resnet_spec"}


def test_importing_the_toolbox_loads_neither_a_framework_nor_numpy():
    assert not loaded("import resnet_duet") & (FRAMEWORKS | {"numpy", "h5py"})


def test_help_loads_neither_a_framework_nor_numpy():
    call = "from resnet_duet.cli import main; main(['--help'], standalone_mode=False)"
    assert not loaded(call) & (FRAMEWORKS | {"numpy", "h5py", "rich"})


@pytest.mark.parametrize("command", ["['list']", "['show', 'resnet50', '--layers']"])
def test_list_and_show_load_no_framework(command):
    call = f"from resnet_duet.cli import main; main({command}, standalone_mode=False)"
    assert not loaded(call) & (FRAMEWORKS | {"numpy", "h5py"})


def test_listing_the_differences_loads_no_framework():
    call = "from resnet_duet.cli import main; main(['differences'], standalone_mode=False)"
    assert not loaded(call) & FRAMEWORKS


@pytest.mark.parametrize("ending", ["npz", "onnx"])
def test_converting_from_safetensors_loads_no_framework(tmp_path, ending):
    code = f"""
import resnet_duet, resnet_spec
from resnet_duet import formats
from resnet_duet.metadata import FileMetadata
from resnet_duet.weights.arrays import Arrays
spec = resnet_spec.get("mlperf_resnet8")
source = {str(tmp_path / "a.safetensors")!r}
arrays = Arrays.of(resnet_duet.random_weights(spec, 0))
target = formats.check_writable(source, None, overwrite=False, input_layout=None)
formats.write(target, arrays, FileMetadata(spec, None, "test"))
from resnet_duet.cli import main
main(["convert", source, {str(tmp_path / f"b.{ending}")!r}], standalone_mode=False)
"""
    assert not loaded(f"exec({code!r})") & FRAMEWORKS
    assert (tmp_path / f"b.{ending}").is_file()


@pytest.mark.slow
def test_each_builder_loads_its_own_framework_only():
    assert loaded("import resnet_torch") & FRAMEWORKS == {"torch"}
    assert "torch" not in loaded("import resnet_tf")
