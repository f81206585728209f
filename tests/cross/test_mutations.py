"""Every mistake of the registry, planted: what it costs, and that the tool's comparison sees it.

Where a mistake shows and where it hides is measured in tests/differences on small networks. Here
the networks have four stages, or the comparison is the tool's own.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet import Function
from resnet_duet.differences import DIFFERENCES
from resnet_duet.experiments.nets import at_even_size
from resnet_duet.experiments.use import Use, concerned, use
from resnet_duet.proof.adapters import network
from resnet_duet.proof.probes import probes
from resnet_duet.proof.rows import relative_error
from resnet_spec import Stem
from worlds import SAME, twins

EVEN, ODD = (64, 96), (65, 97)

NETS = {
    "resnet18": resnet_spec.get("resnet18", widths=(32, 64, 128, 256), stem=Stem(channels=(32,))),
    "resnet50": resnet_spec.get("resnet50", widths=(16, 32, 64, 128)),
    "preresnet18": resnet_spec.get(
        "preresnet18", widths=(16, 32, 64, 128), stem=Stem(channels=(16,))
    ),
}

# What a mistake costs at least, of max|output|: (each of the difference's, the worst of them).
# The noise of these networks is below 1e-13.
COSTS = {
    "rounded_images": (1e-9, 1e-9),
    "norm_eps": (1e-8, 1e-3),  # 1.001e-5; 1e-3, the default of Keras
    "half_precision": (1e-8, 1e-3),
    "biased_variance": (1e-5, 1e-2),  # of batches of 256; of single images
    "pool_border": (1e-5, 1e-5),
    "same_convolution": (1e-2, 1e-2),
    "same_pool": (1e-2, 1e-2),
    "kernel_sides": (1e-2, 1e-2),
    "lost_statistics": (1e-2, 1e-1),
    "swapped_statistics": (1e-2, 1e-1),
    "channel_order": (1e-2, 1e-2),
    "stride_in_1x1": (1e-2, 1e-2),
}
ONLY_IN = {"pool_border": ("preresnet18",), "stride_in_1x1": ("resnet50",)}


def mistake(name: str, world: Use, number: int = 0) -> Use:
    """The world with a mistake of this difference in it."""
    return list(DIFFERENCES[name].mistakes(world))[number].world


def error(right: Use, wrong: Use) -> float:
    """Of a Keras network with a mistake in it, against the PyTorch one."""
    return relative_error(right.run("torch"), wrong.run("keras"))


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("size", [EVEN, ODD])
def test_without_a_mistake_there_is_noise_only(net, size):
    world = use(NETS[net], 0, size)
    assert error(world, world) < 1e-13


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "net"), [(name, net) for name in COSTS for net in ONLY_IN.get(name, NETS)]
)
def test_a_mistake_costs_at_least(name, net):
    """In PyTorch alone: tests/differences shows that it is the same mistake in Keras."""
    world = use(NETS[net], 0, EVEN)
    right = world.run("torch")
    made = DIFFERENCES[name].mistakes(world)
    costs = [relative_error(right, wrong.world.run("torch")) for wrong in made]
    each, worst = COSTS[name]
    assert min(costs) > each
    assert max(costs) > worst


@pytest.mark.parametrize("net", ["resnet18", "resnet50"])
def test_same_padding_everywhere_is_invisible_at_odd_sizes_so_an_even_size_is_needed(net):
    for size, shows in ((ODD, False), (EVEN, True)):
        right = use(NETS[net], 0, size)
        wrong = mistake("same_pool", mistake("same_convolution", right))
        assert error(right, wrong) > 1e-2 if shows else error(right, wrong) < SAME


def test_a_swap_of_height_and_width_is_invisible_in_ones_so_random_oblong_images_are_needed():
    """Without borders a constant image is the same constant everywhere; here they are symmetric."""
    right = use(NETS["resnet18"], 0, EVEN)
    wrong, ones = mistake("kernel_sides", right), np.ones((1, 64, 64, 3))
    assert error(replace(right, images=ones), replace(wrong, images=ones)) < SAME
    assert error(right, wrong) > 1e-2


# The tool's own comparison, of networks as small as the registry's.


def is_bare(world: Use) -> bool:
    """Whether it is nothing but choices and weights."""
    around = (world.edits, world.before, world.after, world.training, world.dtype)
    return around == ((), (), (), False, "float64")


def planted() -> Iterator:
    """(right, wrong) of every mistake in how networks are used, as parameters."""
    for name, difference in DIFFERENCES.items():
        right = difference.shown()
        for made in difference.mistakes(right):
            if isinstance(right, Use) and right.dtype == made.world.dtype:
                yield pytest.param(right, made.world, id=f"{name}: {made.what}")


WITHIN = [pair for pair in planted() if all(map(is_bare, pair.values))]
AROUND = [pair for pair in planted() if not all(map(is_bare, pair.values))]


def nets(right: Use, wrong: Use):
    """(PyTorch network, Keras network with the mistake in its choices or its weights)."""
    torch_net = resnet_torch.build(right.spec, "float64")
    keras_net = resnet_tf.build(wrong.spec, "float64")
    resnet_torch.write(torch_net, dict(right.weights))
    arrays = resnet_duet.convert(wrong.weights, wrong.spec, "torchvision", "keras")
    resnet_tf.write(keras_net, arrays)
    return torch_net, keras_net


def function(world: Use, framework: str) -> Function:
    """A bare function of images, of which nothing else is known."""
    return Function(lambda images: replace(world, images=images).run(framework), "NHWC", None)


def begins(right: Use, wrong: Use) -> set[str]:
    """Where the two part: in the first layer concerned, or in the block whose sum is concerned."""
    first = concerned(right, wrong)[0]
    sums = {block.addition: block for block in resnet_spec.plan(right.spec).blocks()}
    return {layer.name for layer in sums[first].layers()} if first in sums else {first}


@pytest.mark.slow
@pytest.mark.parametrize(("right", "wrong"), WITHIN)
def test_the_comparison_sees_a_wrong_network_and_names_the_layer_where_it_begins(right, wrong):
    result = resnet_duet.compare(*nets(right, wrong))
    assert not result.same
    assert result.first_difference.layer in begins(right, wrong)


@pytest.mark.parametrize(("right", "wrong"), AROUND)
def test_the_comparison_sees_a_mistake_around_the_network(right, wrong):
    assert not resnet_duet.compare(function(right, "torch"), function(wrong, "keras")).same


def test_the_comparison_sees_the_least_mistake_in_a_function_of_which_nothing_is_known():
    right = at_even_size("resnet50")
    torch_net, _ = nets(right, right)
    assert resnet_duet.compare(torch_net, function(right, "keras")).same
    for made in DIFFERENCES["norm_eps"].mistakes(right):
        assert not resnet_duet.compare(torch_net, function(made.world, "keras")).same


def test_to_compute_in_float32_is_no_mistake_to_the_comparison():
    right = at_even_size("resnet18")
    torch_net, _ = nets(right, right)
    result = resnet_duet.compare(torch_net, function(mistake("float32_arithmetic", right), "keras"))
    assert result.same
    assert result.precision == "float32"


@pytest.mark.parametrize("net", ["resnet50", "preresnet18"])
def test_the_comparison_sees_no_mistake_where_there_is_none(net):
    world = use(NETS[net], 0, EVEN)
    assert resnet_duet.compare(*nets(world, world)).same


def test_the_comparison_looks_at_oblong_images_of_even_and_of_odd_size():
    for name in ("resnet18", "cifar_resnet20"):
        side = network(resnet_torch.build(name))
        sizes = [x.shape[1:3] for x in probes(side, side, 0)]
        assert all(height != width for height, width in sizes)
        assert {height % 2 for height, _ in sizes} == {width % 2 for _, width in sizes} == {0, 1}


def test_one_number_in_one_array_is_seen_and_told_stage_by_stage():
    torch_net, keras_net = twins("cifar_resnet20")
    assert resnet_duet.compare(torch_net, keras_net).same
    bias = keras_net.get_layer("layer2.1.bn1").beta
    bias.assign(bias.numpy() + np.eye(1, 32)[0] * 1e-6)
    result = resnet_duet.compare(torch_net, keras_net)
    assert not result.same
    assert result.first_difference.layer == "layer2.1.bn1"
    assert [part for part, _, worst in result.stages() if not worst.same] == [
        "layer2", "layer3", "head"
    ]  # fmt: skip
    assert "DIFFERENT" in str(result)


def test_nan_is_never_the_same():
    torch_net, keras_net = twins("cifar_resnet20")
    kernel = keras_net.get_layer("fc").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    assert not resnet_duet.compare(torch_net, keras_net).same
