"""Whatever stops a conversion, the target is absent or complete, and an older one is as it was."""

import os
import subprocess

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from interruptions import OLDER, interrupted
from resnet_duet.port.files import FORMATS
from resnet_duet.port.files.atomic import _nameless

ENDINGS = [row.suffixes[0] for row in FORMATS]
SPEC = resnet_spec.get("resnet18", widths=(32, 64, 128, 256), stem={"channels": (32,)})
KILLS = 7  # of each format, with and without an older target: 98, of which most are in time
SIZES = 6  # of disks, for each format
# Each format with or without an older target, where the other test of disks has it without or with.
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
    """Of the target alone."""
    path = tmp_path / "target"
    path.mkdir()
    return path


def is_nameless(folder):
    """Whether the system has files without a name, of which a killed process leaves nothing."""
    descriptor = _nameless(folder)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


def assert_kept_or_complete(aftermath, whole, overwrite, may_leave_a_part=False):
    """The target is as a whole conversion leaves it, or as it was before."""
    ((name, complete),) = whole.files.items()
    others = {left: content for left, content in aftermath.files.items() if left != name}
    # A system can only rename what has a name: between its two steps, it is all there.
    assert all(left.startswith(".resnet-duet-") for left in others), list(others)
    assert may_leave_a_part or all(overwrite and part == complete for part in others.values())
    before = OLDER if overwrite else None
    assert aftermath.files.get(name) in (before, complete)


@pytest.mark.slow
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_kill_9_at_any_moment_leaves_no_target_or_a_complete_one(source, folder, ending, overwrite):
    whole, *afterwards = interrupted(
        "killed", source, folder / f"net{ending}", times=KILLS, overwrite=overwrite, nameless=True
    )
    assert (whole.status, whole.said) == (0, "")
    assert sum(aftermath.status == -9 for aftermath in afterwards) > KILLS / 3
    for aftermath in afterwards:
        assert_kept_or_complete(aftermath, whole, overwrite, not is_nameless(folder))


@pytest.mark.slow
@pytest.mark.parametrize("overwrite", [False, True])
def test_kill_9_may_leave_a_hidden_part_only_where_the_system_has_no_nameless_files(
    source, folder, overwrite
):
    whole, *afterwards = interrupted(
        "killed", source, folder / "net.pth", times=KILLS, overwrite=overwrite, nameless=False
    )
    for aftermath in afterwards:
        assert_kept_or_complete(aftermath, whole, overwrite, may_leave_a_part=True)


def assert_refused(aftermath, target, overwrite):
    """One line, status 2, and the folder as it was."""
    assert aftermath.status == 2, aftermath
    assert aftermath.said.startswith(f"resnet-duet: {target} cannot be written: "), aftermath.said
    assert aftermath.said.count("\n") == 1
    assert aftermath.files == ({target.name: OLDER} if overwrite else {})


def assert_all_or_nothing(aftermaths, target, overwrite):
    """Small disks refuse, the last one does not."""
    *small, large = aftermaths
    for aftermath in small:
        assert_refused(aftermath, target, overwrite)
    assert (large.status, large.said) == (0, "")
    assert list(large.files) == [target.name]
    assert large.files[target.name] != OLDER


def sizes():
    """From nothing to almost the size of the numbers, and one that is enough for any format."""
    numbers = 4 * sum(
        int(np.prod(slot.shape)) for slot in resnet_spec.slots(resnet_spec.plan(SPEC))
    )
    few = [2**15, 2**17]  # less than a header, more than one
    return [*few, *(numbers * part // SIZES for part in range(1, SIZES - 1)), 2 * numbers]


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "overwrite"), SOME)
def test_a_bound_of_a_file_s_size_leaves_an_older_target_as_it_was(
    source, folder, ending, overwrite
):
    target = folder / f"net{ending}"
    bounds = [0, 1, 1000, *sizes()]
    afterwards = interrupted("limited", source, target, sizes=bounds, overwrite=overwrite)
    assert_all_or_nothing(afterwards, target, overwrite)


@pytest.fixture
def small_disk(folder):
    """A disk in memory, which can be made of any size."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this process may not mount a disk: {error}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "overwrite"), OTHERS)
def test_a_full_disk_leaves_an_older_target_as_it_was(source, small_disk, ending, overwrite):
    target = small_disk / f"net{ending}"
    afterwards = interrupted("crowded", source, target, sizes=sizes(), overwrite=overwrite)
    assert_all_or_nothing(afterwards, target, overwrite)
    target.unlink()
    room = os.statvfs(small_disk)
    assert room.f_bfree == room.f_blocks, "a file without a name is still there"
