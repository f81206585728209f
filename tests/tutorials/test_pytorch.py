"""State dicts of tutorials' PyTorch networks go in without a flag, at every published depth."""

import pytest
import torch

from support.tutorial_checks import assert_agrees_in_float64, assert_commands_accept
from support.tutorials_torch import DEPTHS, FULL, biased, numbered, projected, standard

THIN = 8  # channels of the stem
SMALL = {
    "T0, 18 layers": lambda: biased(18, THIN),
    "T1, 50 layers": lambda: standard(50, THIN),
    "T1, groups in the first 1x1": lambda: standard(50, THIN, groups=2, width_per_group=32),
    "T3, 18 layers": lambda: projected(18, THIN),
    "T3, as one Sequential": lambda: numbered(18, THIN),
}
DEEP = ("T1, 50 layers", "T1, groups in the first 1x1")  # a minute in float64
RESNEXT = {50: (4, 16), 101: (8, 8)}  # groups and their width, fewer than the published ones
ALL = {
    **{f"T0, {depth} layers": lambda d=depth: biased(d, THIN) for depth in DEPTHS},
    **{
        f"T1, {depth} layers, {classes or 'no'} classes": lambda d=depth, c=classes: standard(
            d, THIN, c
        )
        for depth in (34, 50, 101)
        for classes in (7, None)
    },
    **{
        f"T1, {depth} layers, {groups} groups, {classes or 'no'} classes": (
            lambda d=depth, c=classes, g=groups, w=width: standard(d, 2 * THIN, c, g, w)
        )
        for depth, (groups, width) in RESNEXT.items()
        for classes in (7, None)
    },
    **{f"T3, {depth} layers": lambda d=depth: projected(d, THIN) for depth in (18, 34)},
    **{f"T3, one Sequential, {d} layers": lambda d=d: numbered(d, THIN) for d in (18, 34)},
}
PUBLISHED = {
    "T0, 152 layers": lambda: biased(152),
    "T1, 50_32x4d": lambda: standard(50, groups=32, width_per_group=4),
    "T1, 101_32x8d": lambda: standard(101, groups=32, width_per_group=8, classes=None),
    "T3, 34 layers": lambda: projected(34),
    "T3, one Sequential, 34 layers": lambda: numbered(34),
    "T4": lambda: standard(50, FULL, classes=1000),
}


def saved(net, folder):
    """The path of its state dict."""
    path = folder / "net.pth"
    torch.save(net.state_dict(), path)
    return path


@pytest.mark.parametrize("network", SMALL)
def test_load_agrees_with_the_module(network, tmp_path):
    net = SMALL[network]()
    assert_agrees_in_float64(saved(net, tmp_path), net, ("torch",))


@pytest.mark.slow
@pytest.mark.parametrize(
    "network",
    [pytest.param(n, marks=pytest.mark.long if n in DEEP else ()) for n in SMALL],
)
def test_every_command_accepts_the_file(network, tmp_path):
    net = SMALL[network]()
    path = saved(net, tmp_path)
    assert_commands_accept(path, tmp_path)
    assert_agrees_in_float64(tmp_path / "out.weights.h5", net)
    assert_agrees_in_float64(path, net, ("keras",))


@pytest.mark.long
@pytest.mark.parametrize("network", ALL)
def test_every_depth_is_accepted(network, tmp_path):
    net = ALL[network]()
    path = saved(net, tmp_path)
    assert_commands_accept(path, tmp_path)
    assert_agrees_in_float64(path, net)


@pytest.mark.long
@pytest.mark.parametrize("network", PUBLISHED)
def test_published_sizes_are_accepted(network, tmp_path):
    net = PUBLISHED[network]()
    path = saved(net, tmp_path)
    assert_commands_accept(path, tmp_path)
    assert_agrees_in_float64(path, net)
