"""The wheel holds exactly the four packages, at the top, and nothing named `shared` or `tools`."""

import subprocess
import sys
import zipfile
from importlib import metadata

import pytest

from resnet_duet.weights.dialects import DIALECTS
from support.paths import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)),
        ],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_exactly_the_four_packages(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    packages = {"resnet_spec", "resnet_torch", "resnet_tf", "resnet_duet"}
    assert {top for top in tops if not top.endswith(".dist-info")} == packages


def test_the_wheel_s_packages_import_without_the_checkout(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import resnet_spec, resnet_duet, resnet_duet.formats;"
        "assert resnet_duet.__file__.startswith(sys.argv[1]), resnet_duet.__file__;"
        "from resnet_duet.weights.dialects import DIALECTS; print(len(DIALECTS))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == str(len(DIALECTS))


def test_the_wheel_carries_the_licence(wheel):
    with zipfile.ZipFile(wheel) as archive:
        assert any(name.endswith("LICENSE") for name in archive.namelist())


def test_the_top_level_is_as_agreed():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    folders = {name.partition("/")[0] for name in tracked if "/" in name}
    assert folders == {
        "resnet_torch", "resnet_tf", "shared", "tests", "tools", "docs", "benchmarks", ".ci"
    }  # fmt: skip


def test_the_command_is_installed_under_its_name():
    scripts = metadata.entry_points(group="console_scripts", name="resnet-duet")
    assert [script.value for script in scripts] == ["resnet_duet.cli:main"]
    assert metadata.version("resnet-duet") == "0.1.0"
