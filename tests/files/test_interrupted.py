"""An interrupted conversion leaves a complete target or none, and an existing one unchanged."""

import os
import subprocess

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.formats import FORMATS
from resnet_duet.formats.atomic import _unnamed_tempfile
from support.interruptions import OLDER, interrupted

ENDINGS = [row.suffixes[0] for row in FORMATS]
SPEC = resnet_spec.get("resnet18", widths=(32, 64, 128, 256), stem={"channels": (32,)})
KILLS = 7  # per format, with and without an existing target: 98, most of them during the write
SIZES = 6  # of disks, per format
# Each test of full disks has half of the cases: every format with, or without, an existing target.
SOME, OTHERS = ([(e, n % 2 == odd) for n, e in enumerate(ENDINGS)] for odd in (0, 1))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A network of 12 MB."""
    path = tmp_path_factory.mktemp("source") / "net.npz"
    weights = resnet_duet.random_weights(SPEC, 0, norms="random")
    np.savez(path, **{name: array.astype(np.float32) for name, array in weights.items()})
    return path


@pytest.fixture
def folder(tmp_path):
    """A directory for the target."""
    path = tmp_path / "target"
    path.mkdir()
    return path


def has_unnamed_files(folder):
    """Whether the system has files without a name, which vanish with a killed process."""
    descriptor = _unnamed_tempfile(folder)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


def assert_kept_or_complete(aftermath, whole, overwrite, may_leave_a_part=False):
    """The target is as a complete conversion leaves it, or as it was before."""
    ((name, complete),) = whole.files.items()
    others = {left: content for left, content in aftermath.files.items() if left != name}
    # To replace a file, the new one gets another name first; a kill between leaves both.
    assert all(left.startswith(".resnet-duet-") for left in others), list(others)
    assert may_leave_a_part or all(overwrite and part == complete for part in others.values())
    before = OLDER if overwrite else None
    assert aftermath.files.get(name) in (before, complete)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_kill_9_at_any_moment_leaves_a_complete_target_or_none(source, folder, ending, overwrite):
    whole, *afterwards = interrupted(
        "killed", source, folder / f"net{ending}", times=KILLS, overwrite=overwrite, unnamed=True
    )
    assert (whole.status, whole.stderr) == (0, "")
    assert sum(aftermath.status == -9 for aftermath in afterwards) > KILLS / 3
    for aftermath in afterwards:
        assert_kept_or_complete(aftermath, whole, overwrite, not has_unnamed_files(folder))


@pytest.mark.slow
@pytest.mark.parametrize("overwrite", [False, True])
def test_kill_9_may_leave_a_hidden_part_on_systems_without_unnamed_files(source, folder, overwrite):
    whole, *afterwards = interrupted(
        "killed", source, folder / "net.pth", times=KILLS, overwrite=overwrite, unnamed=False
    )
    for aftermath in afterwards:
        assert_kept_or_complete(aftermath, whole, overwrite, may_leave_a_part=True)


def assert_refused(aftermath, target, overwrite):
    """One line, status 2, and an unchanged directory."""
    assert aftermath.status == 2, aftermath
    assert aftermath.stderr.startswith(f"resnet-duet: {target} cannot be written: "), (
        aftermath.stderr
    )
    assert aftermath.stderr.count("\n") == 1
    assert aftermath.files == ({target.name: OLDER} if overwrite else {})


def assert_all_or_nothing(aftermaths, target, overwrite):
    """The conversion fails on small disks and succeeds on the last one."""
    *small, large = aftermaths
    for aftermath in small:
        assert_refused(aftermath, target, overwrite)
    assert (large.status, large.stderr) == (0, "")
    assert list(large.files) == [target.name]
    assert large.files[target.name] != OLDER


def sizes():
    """Sizes from almost nothing to almost all values, and one that is enough for any format."""
    values = 4 * sum(
        int(np.prod(array_spec.shape))
        for array_spec in resnet_spec.array_specs(resnet_spec.plan(SPEC))
    )
    few = [2**15, 2**17]  # less than a header, and more
    return [*few, *(values * part // SIZES for part in range(1, SIZES - 1)), 2 * values]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(("ending", "overwrite"), SOME)
def test_a_limit_on_the_file_size_leaves_an_existing_target_unchanged(
    source, folder, ending, overwrite
):
    target = folder / f"net{ending}"
    bounds = [0, 1, 1000, *sizes()]
    afterwards = interrupted("limited", source, target, sizes=bounds, overwrite=overwrite)
    assert_all_or_nothing(afterwards, target, overwrite)


@pytest.fixture
def small_disk(folder):
    """A disk in memory, whose size can be changed."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"run the tests as root to mount a small disk: {error}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "overwrite"), OTHERS)
def test_a_full_disk_leaves_an_existing_target_unchanged(source, small_disk, ending, overwrite):
    target = small_disk / f"net{ending}"
    afterwards = interrupted("crowded", source, target, sizes=sizes(), overwrite=overwrite)
    assert_all_or_nothing(afterwards, target, overwrite)
    target.unlink()
    room = os.statvfs(small_disk)
    assert room.f_bfree == room.f_blocks, "an unnamed file still takes space"
