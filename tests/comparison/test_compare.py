"""`compare` takes any two networks, compares what it can see of them, and refuses the rest."""

import keras
import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from resnet_duet import Function
from resnet_spec import ResNetError
from support.custom_networks import custom_keras_net, custom_torch_net
from support.networks import matching_networks

EXACT = {"epsilon": 1e-5}


@pytest.fixture(scope="module")
def nets():
    """cifar_resnet20_b in both frameworks, float64, with the same weights."""
    return matching_networks("cifar_resnet20_b")


@pytest.fixture(scope="module")
def float32_net(nets):
    """The same network in PyTorch and in float32."""
    net = resnet_torch.build("cifar_resnet20_b")
    resnet_torch.write(net, resnet_torch.read(nets[0]))
    return net


def nhwc(model):
    """A Keras model as a plain function."""
    return Function(lambda x: model(x, training=False), "NHWC", None)


def nchw(net):
    """A torch module as a plain function."""

    def call(x):
        with torch.no_grad():
            return net.eval()(torch.from_numpy(x).to(next(net.parameters()))).numpy()

    return Function(call, "NCHW", None)


def test_functions_of_either_layout_are_compared_by_their_output(nets):
    result = resnet_duet.compare(nets[0], nhwc(nets[1]))
    assert result.match
    assert [row.layer for row in result.layers] == ["fc"]
    assert result.precision == "float64"
    assert resnet_duet.compare(nchw(nets[0]), nhwc(nets[1])).match


def test_a_custom_torch_module_is_compared_layer_by_layer(nets):
    """Its graph names its layers; a ReLU that is a function or runs twice has no output here."""
    result = resnet_duet.compare(nets[0], custom_torch_net(nets[0]))
    assert result.match
    assert len(result.layers) > 20
    assert result.layers[-1].layer == "fc"


@pytest.mark.slow
def test_a_custom_keras_model_in_float32_is_compared_in_float64(nets, float32_net):
    model = custom_keras_net(resnet_tf.read(nets[1]), "valid", EXACT)
    result = resnet_duet.compare(float32_net, model)
    assert result.match
    assert result.precision == "float64"
    assert len(result.layers) > 20  # Keras' automatic names are a dialect


@pytest.mark.slow
@pytest.mark.parametrize(("convolutions", "classifiers"), [(3, 95), (95, 9)])
def test_automatic_keras_names_may_start_at_any_number(
    nets, float32_net, convolutions, classifiers
):
    """`conv2d_3` is the first convolution of a network that is built after three others."""
    keras.backend.clear_session()  # sets the counters to zero
    for _ in range(convolutions):
        keras.layers.Conv2D(1, 1)
    for _ in range(classifiers):
        keras.layers.Dense(1)
    model = custom_keras_net(resnet_tf.read(nets[1]), "valid", EXACT)
    result = resnet_duet.compare(float32_net, model)
    assert result.match
    layers = [layer.name for layer in resnet_spec.plan("cifar_resnet20_b").layers()]
    named = {name for name in layers if "relu" not in name and name != "avgpool"}
    assert {row.layer for row in result.layers} >= named


def test_a_function_in_float32_is_compared_with_a_tolerance_from_float32_rounding(
    nets, float32_net
):
    result = resnet_duet.compare(float32_net, nchw(float32_net))
    assert result.match
    assert result.precision == "float32"
    assert 1e-10 < result.layers[-1].error < result.layers[-1].tolerance < 1e-5
    wrong = custom_keras_net(resnet_tf.read(nets[1]), "valid", {"epsilon": 1e-3})
    assert not resnet_duet.compare(float32_net, nhwc(wrong)).match


@pytest.mark.slow
def test_a_smaller_tolerance_finds_rounding(nets):
    assert not resnet_duet.compare(*nets, tolerance=1e-18).match


@pytest.mark.slow
def test_each_seed_is_another_batch_of_images(nets):
    result = resnet_duet.compare(*nets, seeds=range(3))
    assert result.seeds == (0, 1, 2)
    seen = []
    recording = Function(lambda x: seen.append(x) or nets[1](x, training=False), "NHWC", None)
    resnet_duet.compare(nets[0], recording, seeds=range(3))
    assert len(seen) == len({x.tobytes() for x in seen}) == 6


def test_a_network_of_a_fixed_size_gets_images_of_that_size(nets):
    seen = []
    fixed = Function(lambda x: seen.append(x.shape) or nets[1](x, training=False), "NHWC", (36, 28))
    assert resnet_duet.compare(nets[0], fixed).match
    assert seen == [(2, 36, 28, 3)]


def failing(_images):
    raise RuntimeError("out of cheese\nand more")


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (
            Function(failing, "NHWC", None),
            "the function failing fails on images of shape 2x32x40x3",
        ),
        (Function(failing, "NHWC", None), "RuntimeError: out of cheese$"),
        (Function(failing, "HWC", None), "axes must be NHWC or NCHW, not 'HWC'"),
        (Function(lambda x: x[0], "NHWC", None), "must return logits"),
        (Function(lambda x: "text", "NHWC", None), "must return logits"),
        (Function(lambda x: np.ones((2, 7)), "NHWC", None), "returns shape 2x10, .* shape 2x7"),
        (7, "objects of type int cannot be compared: pass a torch module"),
        ("none.pth", "none.pth does not exist"),
        ("none.onnx", "none.onnx does not exist"),
    ],
)
def test_an_input_that_cannot_be_compared_is_a_clear_error(nets, other, line):
    with pytest.raises(ResNetError, match=line) as raised:
        resnet_duet.compare(nets[0], other)
    assert "\n" not in str(raised.value)


def test_networks_with_other_channels_are_refused(nets):
    grey = resnet_torch.build(resnet_spec.get("cifar_resnet20_b", in_channels=1))
    with pytest.raises(ResNetError, match="takes images of 3 channels, the PyTorch network of 1"):
        resnet_duet.compare(nets[0], grey)


def test_networks_with_other_fixed_sizes_are_refused(nets):
    small, large = (Function(failing, "NHWC", size) for size in ((32, 32), (64, 48)))
    with pytest.raises(ResNetError, match=r"images of 32x32 \(height x width\), .* of 64x48"):
        resnet_duet.compare(small, large)


def test_two_functions_in_float32_cannot_be_compared(float32_net):
    with pytest.raises(ResNetError, match="rounding cannot be distinguished from a mistake"):
        resnet_duet.compare(nchw(float32_net), nchw(float32_net))


def test_nan_is_a_mismatch(nets):
    result = resnet_duet.compare(
        nets[0], Function(lambda x: np.full((2, 10), np.nan), "NHWC", None)
    )
    assert not result.match
    assert np.isnan(result.worst.error)


class OnlyFloat32(torch.nn.Module):
    """A module that requires float32."""

    def __init__(self, net):
        super().__init__()
        self.net = net.float()

    def forward(self, x):
        return self.net(x + torch.zeros(1, dtype=torch.float32)).float()


def test_a_module_that_refuses_float64_is_compared_in_float32(float32_net):
    result = resnet_duet.compare(float32_net, OnlyFloat32(custom_torch_net(float32_net)))
    assert result.match
    assert result.precision == "float32"
