"""Every known mistake, injected: the comparison sees it, or is shown why the inputs matter.

Each test commits one mistake on the Keras side only and asks for the relative error of the output.
The float64 noise of these nets is below 1e-13, the tolerance 1e-10.
"""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet.proof.adapters import network
from resnet_duet.proof.probes import probes
from resnet_duet.proof.rows import relative_error
from resnet_spec import Padding, StemPool
from resnet_spec.rules import amend
from worlds import SAME, images, nchw, twins

EVEN, ODD = (64, 96), (65, 97)

RESNET18 = replace(resnet_spec.get("resnet18"), widths=(32, 64, 128, 256), num_classes=10)
RESNET18 = replace(RESNET18, stem=resnet_spec.Stem(channels=(32,)))
RESNET50 = replace(resnet_spec.get("resnet50"), widths=(16, 32, 64, 128), num_classes=10)
PREACTIVATION = replace(
    resnet_spec.get("preresnet18"), widths=(16, 32, 64, 128), stem=resnet_spec.Stem(channels=(16,))
)
NETS = [RESNET18, RESNET50]


def run_torch(spec, weights, x):
    import torch

    net = resnet_torch.build(spec, "float64").eval()
    resnet_torch.write(net, weights)
    with torch.no_grad():
        return net(torch.from_numpy(nchw(x))).numpy()


def run_keras(spec, weights, x):
    model = resnet_tf.build(spec, "float64")
    resnet_tf.write(model, resnet_duet.convert(weights, spec, "torchvision", "keras"))
    return model(x, training=False).numpy()


def error(spec, wrong_spec=None, wrong_weights=None, wrong_images=None, *, size=EVEN, x=None):
    """Error of a Keras network that differs from the PyTorch one in one thing."""
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    x = images(size) if x is None else x
    right = run_torch(spec, weights, x)
    wrong = run_keras(
        wrong_spec or spec,
        wrong_weights(weights) if wrong_weights else weights,
        wrong_images(x) if wrong_images else x,
    )
    return relative_error(right, wrong)


def in_every(weights, word, change):
    """The weights with every array of this word changed."""
    return {n: change(a) if n.rpartition(".")[2] == word else a for n, a in weights.items()}


def kernels(weights, change):
    return {n: change(a) if a.ndim == 4 else a for n, a in weights.items()}


def through_float16(weights):
    return {n: a.astype(np.float16).astype(np.float64) for n, a in weights.items()}


def biased_variance(weights):
    """Keras' running variance where PyTorch's is meant: n / (n - 1) of a batch of 4,608 pixels."""
    return in_every(weights, "running_var", lambda a: a * 4607 / 4608)


def swapped_sides(weights):
    return kernels(weights, lambda a: np.swapaxes(a, 2, 3))


def bgr_kernel(weights):
    """What BGR images do: the first kernel's input channels the other way round."""
    return weights | {"conv1.weight": weights["conv1.weight"][:, ::-1]}


def no_statistics(weights):
    weights = in_every(weights, "running_mean", np.zeros_like)
    return in_every(weights, "running_var", np.ones_like)


def scale_and_variance_swapped(weights):
    norms = [n.removesuffix(".running_var") for n in weights if n.endswith(".running_var")]
    swapped = {f"{n}.weight": weights[f"{n}.running_var"] for n in norms}
    return weights | swapped | {f"{n}.running_var": weights[f"{n}.weight"] for n in norms}


@pytest.mark.parametrize("spec", NETS, ids=["resnet18", "resnet50"])
@pytest.mark.parametrize("size", [EVEN, ODD])
def test_without_a_mistake_there_is_noise_only(spec, size):
    assert error(spec, size=size) < 1e-13


@pytest.mark.parametrize("spec", NETS, ids=["resnet18", "resnet50"])
@pytest.mark.parametrize(
    ("mistake", "least"),
    [
        ({"norm_eps": 1.001e-5}, 1e-8),
        ({"norm_eps": 1e-3}, 1e-4),
        ({"padding": Padding.SAME}, 1e-2),
        ({"stem": {"pool": StemPool.SAME}}, 1e-2),
    ],
    ids=["eps 1.001e-5", "eps 1e-3, the default of Keras", "same convolutions", "same max-pool"],
)
def test_a_wrong_spec_shows(spec, mistake, least):
    assert error(spec, wrong_spec=amend(spec, mistake)) > least


@pytest.mark.parametrize("spec", NETS, ids=["resnet18", "resnet50"])
@pytest.mark.parametrize(
    ("mistake", "least"),
    [
        (through_float16, 1e-5),
        (biased_variance, 1e-5),
        (swapped_sides, 1e-2),
        (no_statistics, 1e-2),
        (scale_and_variance_swapped, 1e-2),
    ],
)
def test_wrong_weights_show(spec, mistake, least):
    assert error(spec, wrong_weights=mistake) > least


@pytest.mark.parametrize("spec", NETS, ids=["resnet18", "resnet50"])
def test_bgr_for_rgb_shows(spec):
    assert error(spec, wrong_images=lambda x: x[..., ::-1]) > 1e-2


def test_stride_in_the_1x1_shows():
    assert error(RESNET50, wrong_spec=replace(RESNET50, stride_in_1x1=True)) > 1e-2


def test_a_pool_padded_with_zeros_shows_where_no_relu_comes_before():
    zero = replace(PREACTIVATION, stem=replace(PREACTIVATION.stem, pool=StemPool.ZERO))
    assert error(PREACTIVATION, wrong_spec=zero) > 1e-5


def test_a_pool_padded_with_zeros_is_invisible_behind_a_relu():
    zero = replace(RESNET18, stem=replace(RESNET18.stem, pool=StemPool.ZERO))
    assert error(RESNET18, wrong_spec=zero) < SAME


@pytest.mark.parametrize("spec", NETS, ids=["resnet18", "resnet50"])
def test_same_padding_is_invisible_at_odd_sizes_so_an_even_size_is_needed(spec):
    same = replace(spec, padding=Padding.SAME, stem=replace(spec.stem, pool=StemPool.SAME))
    assert error(spec, wrong_spec=same, size=ODD) < SAME
    assert error(spec, wrong_spec=same, size=EVEN) > 1e-2


def test_a_swap_of_scale_and_variance_is_invisible_in_fresh_norms_so_random_ones_are_needed():
    weights = resnet_duet.random_weights(RESNET18, 0, norms="fresh")
    x = images(EVEN)
    right = run_torch(RESNET18, weights, x)
    wrong = run_keras(RESNET18, scale_and_variance_swapped(weights), x)
    assert relative_error(right, wrong) < SAME


def test_a_swap_of_height_and_width_is_invisible_in_ones_so_random_oblong_images_are_needed():
    """Without borders a constant image is the same constant everywhere; here they are symmetric."""
    ones = np.ones((1, 64, 64, 3))
    assert error(RESNET18, wrong_weights=swapped_sides, x=ones) < SAME
    assert error(RESNET18, wrong_weights=swapped_sides) > 1e-2


SPEC_MISTAKES = [
    {"norm_eps": 1.001e-5},
    {"norm_eps": 1e-3},
    {"padding": Padding.SAME},
    {"stem": {"pool": StemPool.SAME}},
    {"stride_in_1x1": True},
]
WEIGHT_MISTAKES = [through_float16, biased_variance, swapped_sides, no_statistics]
WEIGHT_MISTAKES += [scale_and_variance_swapped, bgr_kernel]


def compared(spec, wrong_spec, wrong_weights):
    """The tool's own comparison of a right PyTorch network with a wrong Keras one."""
    weights = resnet_duet.random_weights(spec, 0, norms="random")
    torch_net, keras_net = resnet_torch.build(spec), resnet_tf.build(wrong_spec)
    resnet_torch.write(torch_net, weights)
    wrong = resnet_duet.convert(wrong_weights(weights), spec, "torchvision", "keras")
    resnet_tf.write(keras_net, wrong)
    return resnet_duet.compare(torch_net, keras_net)


@pytest.mark.parametrize("mistake", SPEC_MISTAKES, ids=str)
def test_the_comparison_of_the_tool_sees_every_wrong_spec(mistake):
    assert not compared(RESNET50, amend(RESNET50, mistake), dict).same


@pytest.mark.parametrize("mistake", WEIGHT_MISTAKES)
def test_the_comparison_of_the_tool_sees_all_wrong_weights(mistake):
    assert not compared(RESNET50, RESNET50, mistake).same


def test_the_comparison_of_the_tool_sees_no_mistake_where_there_is_none():
    assert compared(RESNET50, RESNET50, dict).same
    assert compared(PREACTIVATION, PREACTIVATION, dict).same


def test_the_comparison_of_the_tool_sees_a_pool_padded_with_zeros():
    zero = amend(PREACTIVATION, {"stem": {"pool": StemPool.ZERO}})
    assert not compared(PREACTIVATION, zero, dict).same


def test_the_comparison_of_the_tool_looks_at_oblong_images_of_even_and_of_odd_size():
    for name in ("resnet18", "cifar_resnet20"):
        side = network(resnet_torch.build(name))
        sizes = [x.shape[1:3] for x in probes(side, side, 0)]
        assert all(height != width for height, width in sizes)
        assert {height % 2 for height, _ in sizes} == {width % 2 for _, width in sizes} == {0, 1}


def test_the_comparison_of_the_tool_sees_a_mistake_and_names_the_layer_where_it_begins():
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
