"""The graph of a live PyTorch module."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import resnet_spec
import resnet_torch
from resnet_duet.graphs.errors import GraphError
from resnet_duet.graphs.operations import (
    BatchNorm,
    Convolution,
    Filled,
    Foreign,
    Identity,
    Same,
)
from resnet_duet.graphs.torch_module import read
from resnet_spec.choices import Padding
from resnet_spec.layers import Role
from support.networks import FAMILIES, assert_close, short, thin
from support.run_graph import run_graph
from support.torch_networks import (
    IN_PLACE,
    BottleneckNet,
    FunctionalNet,
    InPlace,
    OptionANet,
    randomised,
)


def images(height, width, channels=3):
    return np.random.default_rng(0).normal(size=(2, channels, height, width))


def assert_read(module, *sizes):
    """The graph computes what the module does."""
    graph, arrays = read(module)
    net = copy.deepcopy(module).eval().double()
    for height, width in sizes:
        x = images(height, width)
        with torch.no_grad():
            want = net(torch.from_numpy(x)).numpy()
        found = run_graph(graph, arrays, x).reshape(want.shape)  # axes of size 1 may be missing
        assert_close(found, want, f"{height}x{width}")
    return graph


def foreign(module):
    """The texts of what a module has that a ResNet does not have."""
    graph, _ = read(module)
    return [item.kind.text for item in graph.operations if isinstance(item.kind, Foreign)]


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_network_of_the_zoo(name):
    net = randomised(resnet_torch.build(short(thin(resnet_spec.get(name)))))
    assert_read(net, (34, 50), (33, 45))


def test_padding_same_is_seen_from_several_sizes():
    spec = replace(short(thin(resnet_spec.get("resnet18"))), padding=Padding.SAME)
    graph = assert_read(randomised(resnet_torch.build(spec)), (34, 50), (33, 45))
    padded = [item.kind.pads for item in graph.operations if isinstance(item.kind, Convolution)]
    assert padded.count(Same()) == 4  # the stem, and the first of each further stage


@pytest.mark.parametrize("network", [BottleneckNet, FunctionalNet])
def test_a_network_for_every_image_size(network):
    assert_read(randomised(network()), (34, 50), (33, 45))


def test_a_pool_as_large_as_the_map_is_global():
    assert_read(randomised(OptionANet()), (32, 32), (20, 20))


def test_the_module_is_not_changed():
    net = randomised(BottleneckNet()).train()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    read(net)
    assert all(module.training for module in net.modules())
    assert not any(module._forward_hooks for module in net.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


def test_the_order_of_random_numbers_is_not_changed():
    net, state = BottleneckNet(), torch.random.get_rng_state()
    read(net)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_dropout_is_the_identity():
    graph, _ = read(BottleneckNet())
    (dropout,) = [item for item in graph.operations if isinstance(item.kind, Identity)]
    assert (dropout.name, dropout.kind.reason) == ("dropout", "Dropout(p=0.5, inplace=False)")


def test_a_norm_without_weights_is_filled():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False, momentum=None))
    graph = assert_read(net, (9, 12))
    norm = graph.operations[1].kind
    assert isinstance(norm, BatchNorm) and norm.decay is None
    assert norm.weights[Role.SCALE] == Filled(1, "C", (4,))
    assert norm.weights[Role.OFFSET] == Filled(0, "C", (4,))


@pytest.mark.parametrize("shortcut", IN_PLACE)
def test_a_relu_in_place_changes_what_the_shortcut_reads(shortcut):
    assert_read(InPlace(shortcut), (9, 12))


def sequential(*after, channels=8):
    return nn.Sequential(nn.Conv2d(3, channels, 3, padding=1), *after)


class Apply(nn.Module):
    """A function of a feature map after a convolution."""

    def __init__(self, function):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.function = function

    def forward(self, x):
        return self.function(self.conv(x))


@pytest.mark.parametrize(
    "function",
    [
        pytest.param(lambda x: x.clamp(min=0), id="clamp"),
        pytest.param(lambda x: x.relu_(), id="relu_"),
        pytest.param(lambda x: torch.add(x, x.relu()), id="add"),
        pytest.param(lambda x: x.mean((-1, -2)), id="mean"),
        pytest.param(lambda x: F.adaptive_avg_pool2d(x, 1).squeeze(), id="squeeze"),
        pytest.param(lambda x: F.adaptive_avg_pool2d(x, 1).squeeze(3).squeeze(2), id="squeezes"),
        pytest.param(lambda x: F.adaptive_avg_pool2d(x, (1, 1)).flatten(1), id="flatten"),
        pytest.param(lambda x: F.avg_pool2d(x, x.shape[2:]).reshape(len(x), -1), id="avg_pool2d"),
        pytest.param(lambda x: F.avg_pool2d(x, 2, ceil_mode=True), id="ceil_mode"),
        pytest.param(lambda x: x[:, :, ::2, ::2], id="slice"),
        pytest.param(lambda x: F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 4, 4)), id="pad channels"),
        pytest.param(lambda x: torch.cat((x, x.mul(0)), 1), id="cat with mul(0)"),
        pytest.param(lambda x: torch.cat((x, torch.zeros_like(x)), 1), id="cat with zeros"),
        pytest.param(lambda x: F.pad(x, (1, 2, 0, 1)), id="pad"),
        pytest.param(lambda x: F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 3, 2), id="zeros in a pool"),
        pytest.param(lambda x: F.softmax(x.mean((2, 3)), dim=1), id="softmax"),
        pytest.param(lambda x: F.dropout(x, 0.5, training=False).contiguous(), id="dropout"),
        pytest.param(lambda x: x.to(torch.float64).to(x.device).clone(), id="to"),
    ],
)
def test_a_function(function):
    net = Apply(function).double()
    assert_read(net, (12, 18), (13, 15))


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x: F.leaky_relu(x, 0.3), "LeakyReLU(0.3)"),
        (F.gelu, "GELU"),
        (F.relu6, "ReLU6"),
        (F.silu, "SiLU"),
        (lambda x: F.elu(x, 0.5), "ELU(alpha=0.5)"),
        (lambda x: x.clamp(0, 6), "clamp from 0 to 6"),
        (lambda x: torch.maximum(x, x.relu()), "maximum"),
        (lambda x: x * x.relu(), "mul"),
        (lambda x: x - x.relu(), "sub"),
        (lambda x: torch.add(x, x.relu(), alpha=0.5), "add(alpha=0.5)"),
        (lambda x: x + 1, "a sum with a number, or with a computed array"),
        (lambda x: torch.cat((x, x.relu()), 1), "cat"),
        (lambda x: F.max_pool2d(x, 3, 2, 1, ceil_mode=True), "MaxPool2d(ceil_mode=True)"),
        (lambda x: F.max_pool2d(x, 3, 2, 1, dilation=2), "MaxPool2d(dilation=[2, 2])"),
        (lambda x: F.max_pool2d(x, 2, return_indices=True)[1], "output 1 of an operation"),
        (lambda x: F.avg_pool2d(x, 2, divisor_override=3), "AvgPool2d(divisor_override=3)"),
        (lambda x: F.pad(x, (1, 1, 1, 1), "reflect"), "ReflectionPad2d"),
        (lambda x: F.pad(x, (1, 1, 1, 1), value=1.0), "pad([1, 1, 1, 1], value=1)"),
        (lambda x: F.pad(x, (-1, 0, 0, 0)), "pad([-1, 0, 0, 0])"),
        (lambda x: x[:, :, 1::2], "the slice 1:9223372036854775807:2 of axis 2"),
        (lambda x: x[:, ::2], "a slice of axis 1 with step 2"),
        (lambda x: x.mean(1), "the mean over the axes [1]"),
        (lambda x: x.amax((2, 3)), "amax"),
        (lambda x: x.flip(3), "flip"),
        (lambda x: x.transpose(2, 3), "permute"),
        (lambda x: x.half().float(), "_to_copy"),
        (lambda x: F.interpolate(x, scale_factor=2), "upsample_nearest2d"),
        (lambda x: F.conv_transpose2d(x, torch.ones(8, 8, 1, 1)), "transposed convolution"),
        (lambda x: F.instance_norm(x), "BatchNorm with the statistics of the batch"),
        (lambda x: F.group_norm(x, 2), "GroupNorm"),
    ],
)
def test_what_no_resnet_has_is_foreign(function, text):
    found = foreign(Apply(function))
    assert any(item.startswith(text) for item in found), found


def test_a_norm_with_the_statistics_of_the_batch_is_foreign():
    found = foreign(sequential(nn.BatchNorm2d(8, track_running_stats=False)))
    assert found == ["BatchNorm with the statistics of the batch"]


def test_padding_with_other_values_is_foreign():
    assert foreign(nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")) == ["ReflectionPad2d"]


def test_weights_that_are_used_twice_are_foreign():
    conv = nn.Conv2d(3, 3, 3)
    assert foreign(nn.Sequential(conv, conv)) == ["a second use of the weights 0.weight"]


def test_computed_weights_are_foreign():
    net = nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 4, 3))
    assert "a layer whose weights are computed" in foreign(net)


def test_a_view_changed_in_place_changes_the_tensor():
    def change_a_row(x):
        x[:, :, :1].relu_()
        return x

    assert foreign(Apply(change_a_row))


def test_code_that_depends_on_values_is_refused():
    net = Apply(lambda x: x.relu() if x.mean() > 0 else x)
    with pytest.raises(GraphError, match="does not run on images without values"):
        read(net)


class Function(nn.Module):
    """A convolution, and a function of its output."""

    def __init__(self, function):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.function = function

    def forward(self, x):
        return self.function(self.conv(x))


def doubled(x):
    torch._foreach_mul_([x], [2.0])
    return x


def test_a_call_that_changes_a_tensor_and_returns_nothing_is_foreign():
    assert foreign(Function(doubled))


@pytest.mark.parametrize("ending", [{"ceil_mode": True}, {"padding": 1}])
def test_a_divisor_for_windows_that_are_cut_is_foreign(ending):
    def pool(x):
        return F.avg_pool2d(x, 2, divisor_override=4, count_include_pad=False, **ending)

    assert foreign(Function(pool)) == ["AvgPool2d(divisor_override=4)"]


def test_a_window_that_leaves_rows_out_is_no_global_average():
    def pool(x):
        return F.avg_pool2d(x, 24).reshape(len(x), 4)  # runs on images of 32x32 only

    (text,) = foreign(Function(pool))
    assert text == "an average pool that does not read the whole map"
