"""Every choice of a spec is the same function in both frameworks."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import resnet_duet
import resnet_spec
from resnet_duet.book.specs import image_sizes, specs
from resnet_spec import Ordering, Padding, ShortcutKind, ShortcutStride, StemPool
from resnet_spec.choices import BlockKind
from worlds import EVEN, ODD, assert_close, assert_twins_agree, images, thin, traces, twins


def small(block: BlockKind, **choices) -> resnet_spec.ResNetSpec:
    base = resnet_spec.get("resnet18" if block is BlockKind.BASIC else "resnet50")
    return replace(thin(base), depths=(2, 1), widths=(8, 12), **choices)


@pytest.mark.parametrize(("ordering", "block"), list(product(Ordering, BlockKind)))
def test_every_ordering_agrees(ordering, block):
    assert_twins_agree(small(block, ordering=ordering))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "stride"), list(product(ShortcutKind, ShortcutStride)))
def test_every_shortcut_agrees(kind, stride):
    shortcut = resnet_spec.Shortcut(kind=kind, stride_by=stride)
    assert_twins_agree(small(BlockKind.BOTTLENECK, shortcut=shortcut, stride_block="last"))
    assert_twins_agree(small(BlockKind.BASIC, shortcut=shortcut, ordering="full_preactivation"))


@pytest.mark.parametrize("reads", resnet_spec.ProjectionInput)
@pytest.mark.parametrize("norm", resnet_spec.ProjectionNorm)
@pytest.mark.parametrize("ordering", ["relu_preactivation", "full_preactivation"])
def test_every_projection_agrees(reads, norm, ordering):
    """Bottlenecks, because the first block of theirs projects too."""
    shortcut = resnet_spec.Shortcut(reads=reads, norm=norm)
    assert_twins_agree(small(BlockKind.BOTTLENECK, shortcut=shortcut, ordering=ordering))


@pytest.mark.parametrize("groups", [1, 2])
def test_a_width_per_group_for_each_stage_agrees(groups):
    spec = small(BlockKind.BOTTLENECK, groups=groups, width_per_group=(32, 96))
    assert_twins_agree(spec)


@pytest.mark.parametrize(("padding", "pool"), list(product(Padding, StemPool)))
@pytest.mark.parametrize("ordering", ["original", "full_preactivation"])
def test_every_padding_agrees(padding, pool, ordering):
    spec = small(BlockKind.BOTTLENECK, padding=padding, ordering=ordering)
    spec = replace(spec, stem=replace(spec.stem, pool=pool))
    assert_twins_agree(spec, sizes=[EVEN, ODD, (7, 10), (1, 2)])


@pytest.mark.slow
@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("name", ["resnet50", "resnet50_v1", "resnet18d", "keras_resnet50v2"])
def test_dilation_agrees(name, output_stride):
    spec = replace(thin(resnet_spec.get(name)), depths=(1, 2, 1, 2), output_stride=output_stride)
    assert_twins_agree(spec)


@pytest.mark.parametrize("bias", resnet_spec.Bias)
@pytest.mark.parametrize("ordering", Ordering)
def test_every_bias_agrees(bias, ordering):
    assert_twins_agree(small(BlockKind.BASIC, bias=bias, ordering=ordering), sizes=[ODD])


@pytest.mark.parametrize("choices", [{"in_channels": 1}, {"in_channels": 5, "num_classes": None}])
def test_other_inputs_and_no_head_agree(choices):
    assert_twins_agree(small(BlockKind.BASIC, ordering="full_preactivation", **choices))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "resnet50_v1", "resnet18"])
@pytest.mark.parametrize("size", [EVEN, ODD])
def test_a_dilated_network_computes_the_strided_one_on_a_finer_grid(name, size):
    """What the dilation rule is for: every second pixel of it is the network it came from."""
    spec = replace(thin(resnet_spec.get(name)), num_classes=None)
    fine = replace(spec, output_stride=8)
    x = images(size)
    coarse_map = traces(*twins(spec), x)
    fine_map = traces(*twins(fine), x)
    for coarse, finer in zip(coarse_map, fine_map, strict=True):
        assert_close(finer["layer4"][:, ::4, ::4], coarse["layer4"], "layer4")


@pytest.mark.parametrize("norms", ["fresh", "random"])
def test_random_weights_are_the_same_bits_whenever_they_are_drawn(norms):
    first, again, other = (
        resnet_duet.random_weights("cifar_resnet20", seed, norms=norms) for seed in (1, 1, 2)
    )
    for name in first:
        np.testing.assert_array_equal(first[name], again[name])
    assert not np.array_equal(first["conv1.weight"], other["conv1.weight"])


def test_random_norms_leave_no_array_without_effect():
    weights = resnet_duet.random_weights("keras_resnet50v2", 0, norms="random")
    assert not [n for n, array in weights.items() if array.size > 1 and np.ptp(array) == 0]
    assert all((a > 0).all() for n, a in weights.items() if n.endswith("running_var"))


def test_fresh_norms_start_as_training_starts():
    weights = resnet_duet.random_weights("resnet18", 0)
    scales = {n: set(a) for n, a in weights.items() if "bn1." in n and a.ndim == 1}
    assert set(map(tuple, scales.values())) == {(0.0,), (1.0,)}


@pytest.mark.slow
@settings(max_examples=20, deadline=None, derandomize=True)
@given(spec=specs())
def test_random_specs_agree(spec):
    assert_twins_agree(spec, sizes=[(10, 14), (11, 13)])


@pytest.mark.slow
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(spec=specs(), size=image_sizes())
def test_many_random_specs_agree(spec, size):
    assert_twins_agree(spec, sizes=[size])
