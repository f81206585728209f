"""The import rules hold, and the test that checks them can fail."""

import subprocess
import sys

import pytest

from meta.imports import ROOT, RULES, breaches

STANDARD = frozenset(sys.stdlib_module_names)
LOADED = "import sys; {}; print(*sorted({{n.partition('.')[0] for n in sys.modules}}))"
FRAMEWORKS = {"torch", "tensorflow", "keras"}


def loaded(statement):
    """Top-level packages that a fresh interpreter has loaded after this statement."""
    code = LOADED.format(statement)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def test_no_folder_imports_what_it_may_not():
    assert all((ROOT / folder).is_dir() for folder in RULES)
    assert list(breaches(ROOT, STANDARD)) == []


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("shared/resnet_spec/x.py", "import numpy"),
        ("shared/resnet_spec/x.py", "def f():\n    from torch import nn"),
        ("resnet_torch/x.py", "import keras"),
        ("resnet_torch/deep/x.py", "from resnet_tf import build"),
        ("resnet_tf/x.py", "import torch.nn"),
        ("resnet_tf/x.py", "import resnet_duet.port"),
        ("tools/resnet_duet/port/x.py", "import torch"),
        ("tools/resnet_duet/port/files/x.py", "import tensorflow"),
        ("tools/resnet_duet/proof/x.py", "import torch"),
        ("tools/resnet_duet/proof/x.py", "import onnx"),
        ("tools/resnet_duet/port/files/x.py", "from onnx import helper"),
        ("tools/resnet_duet/graph/x.py", "import torch"),
        ("tools/resnet_duet/graph/x.py", "def f():\n    import keras"),
        ("tools/resnet_duet/x.py", "from keras import ops"),
    ],
)
def test_the_test_can_fail(tmp_path, file, code):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(code)
    assert len(list(breaches(tmp_path, STANDARD))) == 1


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("tools/resnet_duet/port/files/x.py", "def f():\n    import tensorflow"),
        ("tools/resnet_duet/x.py", "if TYPE_CHECKING:\n    import torch"),
        ("tools/resnet_duet/graph/x.py", "import onnx"),
        ("resnet_torch/x.py", "import torch, numpy, json"),
        ("elsewhere/x.py", "import anything"),
    ],
)
def test_what_is_allowed_is_no_breach(tmp_path, file, code):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(code)
    assert list(breaches(tmp_path, STANDARD)) == []


def test_the_spec_needs_the_standard_library_only():
    packages = loaded("import resnet_spec; resnet_spec.plan(resnet_spec.get('resnet50'))")
    before = loaded("pass")  # what the interpreter's own start-up loads, in this environment
    assert packages - STANDARD - before == {"resnet_spec"}


def test_importing_the_toolbox_loads_neither_a_framework_nor_numpy():
    assert not loaded("import resnet_duet") & (FRAMEWORKS | {"numpy", "h5py"})


def test_help_loads_neither_a_framework_nor_numpy():
    call = "from resnet_duet.cli import main; main(['--help'], standalone_mode=False)"
    assert not loaded(call) & (FRAMEWORKS | {"numpy", "h5py", "rich"})


def test_list_and_show_load_no_framework():
    for command in ("['list']", "['show', 'resnet50', '--layers']"):
        call = f"from resnet_duet.cli import main; main({command}, standalone_mode=False)"
        assert not loaded(call) & (FRAMEWORKS | {"numpy", "h5py"})


def test_listing_the_differences_loads_no_framework():
    call = "from resnet_duet.cli import main; main(['differences'], standalone_mode=False)"
    assert not loaded(call) & FRAMEWORKS


@pytest.mark.parametrize("ending", ["npz", "onnx"])
def test_converting_from_safetensors_loads_no_framework(tmp_path, ending):
    code = f"""
import numpy as np, resnet_duet
from resnet_duet.port.files import read, write
from resnet_duet.port.arrays import Arrays
from resnet_duet.port.label import Label
import resnet_spec
spec = resnet_spec.get("mlperf_resnet8")
arrays = resnet_duet.random_weights(spec, 0)
folder = {str(tmp_path)!r}
write(folder + "/a.safetensors", Arrays.of(arrays), Label(spec, None, "test"), "torchvision", False)
from resnet_duet.cli import main
main(["convert", folder + "/a.safetensors", folder + "/b.{ending}"], standalone_mode=False)
"""
    assert not loaded(f"exec({code!r})") & FRAMEWORKS
    assert (tmp_path / f"b.{ending}").is_file()


@pytest.mark.slow
def test_each_builder_loads_its_own_framework_only():
    assert loaded("import resnet_torch") & FRAMEWORKS == {"torch"}
    assert "torch" not in loaded("import resnet_tf")
