"""The public names of `resnet_duet`: complete, listed, and imported when they are used."""

import ast
import subprocess
import sys

import pytest

import resnet_duet
import resnet_spec
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import ResNetError
from support.paths import ROOT

INIT = ast.parse((ROOT / "tools/resnet_duet/__init__.py").read_text())
SUBMODULES = {"onnx", "testing"}

FUNCTIONS = {"compare", "convert", "convert_module", "diagnose", "dialects", "list_models", "load"}
FUNCTIONS |= {"random_weights", "save"}
ERRORS = {"ResNetError", "SpecError", "WeightsError", "FileError", "DialectError"}
ERRORS |= {"FrameworkError", "MismatchError"}
TYPES = {"Comparison", "LayerError", "Diagnosis", "Cause", "FileMetadata", "Provenance"}
TYPES |= {"Function", "Norms", "Trust", "Verification", "UndeterminedChoicesWarning"}


def imported_for_type_checkers():
    """{name: module} of the imports under `if TYPE_CHECKING`."""
    (block,) = (node for node in INIT.body if isinstance(node, ast.If))
    return {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_the_public_names_are_functions_errors_types_and_the_version():
    assert set(resnet_duet.__all__) == FUNCTIONS | ERRORS | TYPES | {"__version__"}


@pytest.mark.parametrize("name", resnet_duet.__all__)
def test_every_public_name_is_there_and_documented(name):
    value = getattr(resnet_duet, name)
    assert name == "__version__" or value.__doc__


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_every_error_can_be_caught_as_the_base_error(name):
    assert issubclass(getattr(resnet_duet, name), ResNetError)


def test_type_checkers_see_the_names_that_are_imported_when_they_are_used():
    submodules = dict.fromkeys(SUBMODULES, "resnet_duet")
    assert imported_for_type_checkers() == resnet_duet._EXPORTS | submodules


def test_dir_lists_every_public_name_and_submodule():
    assert dir(resnet_duet) == sorted([*resnet_duet.__all__, *SUBMODULES])


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'resnet_duet' has no attribute 'lod'"):
        resnet_duet.lod  # noqa: B018
    assert not hasattr(resnet_duet, "lod")


@pytest.mark.parametrize(
    "use",
    [
        "pass",
        "resnet_duet.list_models('resnet*')",
        "resnet_duet.dialects()",
        "resnet_duet.FileError, resnet_duet.SpecError, resnet_duet.FileMetadata",
        "dir(resnet_duet)",
    ],
)
def test_names_without_arrays_import_neither_numpy_nor_a_framework(use):
    code = f"import sys, resnet_duet; {use}; print(*{{n.partition('.')[0] for n in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(run.stdout.split()) & {"numpy", "torch", "keras", "tensorflow", "h5py", "onnx"}


def test_submodules_need_no_import_of_their_own():
    code = "import resnet_duet; resnet_duet.onnx.build, resnet_duet.testing"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_list_models_takes_a_pattern():
    assert resnet_duet.list_models() == list(resnet_spec.names())
    assert resnet_duet.list_models("resnet*_v1") == ["resnet50_v1", "resnet101_v1", "resnet152_v1"]
    assert resnet_duet.list_models("cifar_resnet?6") == ["cifar_resnet56"]
    assert resnet_duet.list_models("RESNET50") == []


def test_dialects_are_the_names_of_all_dialects():
    assert resnet_duet.dialects() == tuple(DIALECTS)
