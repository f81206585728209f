"""Networks with every choice of a spec agree in both frameworks."""

import hashlib
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import resnet_duet
import resnet_spec
from resnet_duet.testing.specs import image_sizes, specs
from resnet_spec import Ordering, Padding, ShortcutKind, ShortcutStride, StemPool
from resnet_spec.choices import BlockKind
from resnet_spec.rules import override
from support.networks import (
    EVEN,
    ODD,
    assert_close,
    assert_networks_agree,
    images,
    matching_networks,
    thin,
    traces,
)


def small(block: BlockKind, **choices) -> resnet_spec.ResNetSpec:
    base = resnet_spec.get("resnet18" if block is BlockKind.BASIC else "resnet50")
    return replace(thin(base), depths=(2, 1), widths=(8, 12), **choices)


@pytest.mark.slow
@pytest.mark.parametrize(("ordering", "block"), list(product(Ordering, BlockKind)))
def test_every_ordering_agrees(ordering, block):
    assert_networks_agree(small(block, ordering=ordering))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "stride"), list(product(ShortcutKind, ShortcutStride)))
def test_every_shortcut_agrees(kind, stride):
    shortcut = resnet_spec.Shortcut(kind=kind, stride_by=stride)
    assert_networks_agree(small(BlockKind.BOTTLENECK, shortcut=shortcut, stride_block="last"))
    assert_networks_agree(small(BlockKind.BASIC, shortcut=shortcut, ordering="full_preactivation"))


@pytest.mark.slow
@pytest.mark.parametrize("reads", resnet_spec.ProjectionInput)
@pytest.mark.parametrize("norm", resnet_spec.ProjectionNorm)
@pytest.mark.parametrize("ordering", ["relu_preactivation", "full_preactivation"])
def test_every_projection_agrees(reads, norm, ordering):
    """With bottlenecks, whose first block has a projection too."""
    shortcut = resnet_spec.Shortcut(reads=reads, norm=norm)
    assert_networks_agree(small(BlockKind.BOTTLENECK, shortcut=shortcut, ordering=ordering))


@pytest.mark.parametrize("groups", [1, 2])
def test_a_width_per_group_for_each_stage_agrees(groups):
    spec = small(BlockKind.BOTTLENECK, groups=groups, width_per_group=(32, 96))
    assert_networks_agree(spec)


@pytest.mark.slow
@pytest.mark.parametrize(("padding", "pool"), list(product(Padding, StemPool)))
@pytest.mark.parametrize("ordering", ["original", "full_preactivation"])
def test_every_padding_agrees(padding, pool, ordering):
    spec = small(BlockKind.BOTTLENECK, padding=padding, ordering=ordering)
    spec = replace(spec, stem=replace(spec.stem, pool=pool))
    assert_networks_agree(spec, sizes=[EVEN, ODD, (7, 10), (1, 2)])


@pytest.mark.slow
@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("name", ["resnet50", "resnet50_v1", "resnet18d", "keras_resnet50v2"])
def test_dilation_agrees(name, output_stride):
    spec = replace(thin(resnet_spec.get(name)), depths=(1, 2, 1, 2), output_stride=output_stride)
    assert_networks_agree(spec)


@pytest.mark.slow
@pytest.mark.parametrize("bias", resnet_spec.Bias)
@pytest.mark.parametrize("ordering", Ordering)
def test_every_bias_agrees(bias, ordering):
    assert_networks_agree(small(BlockKind.BASIC, bias=bias, ordering=ordering), sizes=[ODD])


@pytest.mark.parametrize("ordering", Ordering)
def test_every_ordering_without_norms_agrees(ordering):
    """With biases: a network that folded its norms into its convolutions."""
    choices = {"norm": "none", "bias": "always", "ordering": ordering}
    assert_networks_agree(small(BlockKind.BASIC, **choices), sizes=[ODD])


PLACES = [("never", "always"), ("always", "without_norm"), ("without_norm", "never")]


@pytest.mark.parametrize(("stem", "projection"), PLACES)
@pytest.mark.parametrize("bias", resnet_spec.Bias)
def test_a_bias_by_place_agrees(bias, stem, projection):
    choices = {"bias": bias, "stem.bias": stem, "shortcut.bias": projection}
    spec = override(small(BlockKind.BASIC), choices)
    assert_networks_agree(spec, sizes=[ODD])


@pytest.mark.parametrize("norm", ["by_ordering", "always"])
def test_an_epsilon_of_the_projections_agrees(norm):
    shortcut = {"norm_eps": 1e-3, "norm": norm}
    ordering = "original" if norm == "by_ordering" else "full_preactivation"
    spec = override(small(BlockKind.BASIC, ordering=ordering), {"shortcut": shortcut})
    net = assert_networks_agree(spec, sizes=[ODD])
    norms = [layer for layer in net.layers if hasattr(layer, "epsilon")]
    projections = {layer.name for layer in norms if layer.epsilon == 1e-3}
    assert projections == {"layer2.0.downsample.1"}
    assert {layer.epsilon for layer in norms} == {1e-3, 1e-5}


@pytest.mark.parametrize("stride_in_1x1", [False, True])
def test_groups_in_the_first_1x1_agree(stride_in_1x1):
    choices = {"groups": 2, "groups_in_1x1": True, "stride_in_1x1": stride_in_1x1}
    net = assert_networks_agree(small(BlockKind.BOTTLENECK, **choices), sizes=[ODD])
    convs = [layer for layer in net.layers if hasattr(layer, "groups") and ".conv" in layer.name]
    assert {layer.name[-5:]: layer.groups for layer in convs} == {
        "conv1": 2, "conv2": 2, "conv3": 1
    }  # fmt: skip


@pytest.mark.parametrize("choices", [{"in_channels": 1}, {"in_channels": 5, "num_classes": None}])
def test_other_inputs_and_no_head_agree(choices):
    assert_networks_agree(small(BlockKind.BASIC, ordering="full_preactivation", **choices))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet50", "resnet50_v1", "resnet18"])
@pytest.mark.parametrize("size", [EVEN, ODD])
def test_a_dilated_network_computes_the_strided_one_on_a_finer_grid(name, size):
    """The purpose of the dilation rule: every fourth pixel is one of the strided network."""
    spec = replace(thin(resnet_spec.get(name)), num_classes=None)
    dilated = replace(spec, output_stride=8)
    x = images(size)
    coarse_traces = traces(*matching_networks(spec), x)
    fine_traces = traces(*matching_networks(dilated), x)
    for coarse, fine in zip(coarse_traces, fine_traces, strict=True):
        assert_close(fine["layer4"][:, ::4, ::4], coarse["layer4"], "layer4")


# SHA-256 of names and values (little-endian float64), on x86-64 with NumPy 2.4.
BITS = {
    "initial": "e1929c5b168b71ab8d81b7c03ca59672bad7844f65c043037926a539b3b0e6e0",
    "random": "78669141931435088ab4c0cf15e2bf6cc95316f288f70ade9327c3a88e16dd2e",
}


@pytest.mark.parametrize("norms", BITS)
def test_random_weights_have_the_same_bits_on_every_machine(norms):
    digest = hashlib.sha256()
    for name, array in resnet_duet.random_weights("cifar_resnet20", 1, norms=norms).items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(array, "<f8").tobytes())
    assert digest.hexdigest() == BITS[norms]


def test_another_seed_gives_other_random_weights():
    one, two = (resnet_duet.random_weights("cifar_resnet20", seed) for seed in (1, 2))
    assert not np.array_equal(one["conv1.weight"], two["conv1.weight"])


def test_with_random_norms_every_array_has_an_effect():
    weights = resnet_duet.random_weights("keras_resnet50v2", 0, norms="random")
    assert not [n for n, array in weights.items() if array.size > 1 and np.ptp(array) == 0]
    assert all((a > 0).all() for n, a in weights.items() if n.endswith("running_var"))


INITIAL = {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1}


def test_initial_norms_have_the_values_of_the_start_of_training():
    weights = resnet_duet.random_weights("resnet18", 0)
    norms = {name: array for name, array in weights.items() if ".bn" in name or "bn1" in name}
    assert len(norms) == 4 * 17  # of 20 norms, those of the 3 projections have numbers for names
    for name, array in norms.items():
        value = INITIAL[name.rpartition(".")[2]]
        np.testing.assert_array_equal(array, np.full(array.shape, value), err_msg=name)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, derandomize=True)
@given(spec=specs())
def test_random_specs_agree(spec):
    assert_networks_agree(spec, sizes=[(10, 14), (11, 13)])


@pytest.mark.long
@pytest.mark.slow
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(spec=specs(), size=image_sizes())
def test_many_random_specs_agree(spec, size):
    assert_networks_agree(spec, sizes=[size])
