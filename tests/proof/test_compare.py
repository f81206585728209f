"""Anything can be compared with anything: seen as far as it shows itself, refused in one line."""

import keras
import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_tf
import resnet_torch
from proof.own_nets import own_keras_net, own_torch_net
from resnet_duet import Function
from resnet_spec import ResNetError
from worlds import twins

EXACT = {"epsilon": 1e-5}


@pytest.fixture(scope="module")
def nets():
    """cifar_resnet20_b in both frameworks, float64, with the same bits."""
    return twins("cifar_resnet20_b")


def nhwc(model):
    return Function(lambda x: model(x, training=False), "NHWC", None)


def nchw(net):
    def call(x):
        with torch.no_grad():
            return net.eval()(torch.from_numpy(x).to(next(net.parameters()))).numpy()

    return Function(call, "NCHW", None)


def keras_arrays(nets):
    return resnet_tf.read(nets[1])


def test_functions_of_either_layout_are_compared_by_their_output(nets):
    result = resnet_duet.compare(nets[0], nhwc(nets[1]))
    assert result.same
    assert [row.layer for row in result.rows] == ["fc"]
    assert result.precision == "float64"
    assert resnet_duet.compare(nchw(nets[0]), nhwc(nets[1])).same


def test_a_users_torch_module_is_compared_stage_by_stage(nets):
    result = resnet_duet.compare(nets[0], own_torch_net(nets[0]))
    assert result.same
    assert [row.layer for row in result.rows] == ["layer1", "layer2", "layer3", "fc"]


def test_a_users_keras_model_in_float32_is_compared_in_float64(nets):
    model = own_keras_net(keras_arrays(nets), "valid", EXACT)
    small = resnet_torch.build("cifar_resnet20_b")
    resnet_torch.write(small, resnet_torch.read(nets[0]))
    result = resnet_duet.compare(small, model)
    assert result.same
    assert result.precision == "float64"
    assert len(result.rows) > 20  # its auto-numbered names are a dialect's


@pytest.mark.parametrize(("convolutions", "classifiers"), [(3, 95), (95, 9)])
def test_a_users_keras_model_is_compared_layer_by_layer_whatever_keras_counted_before(
    nets, convolutions, classifiers
):
    """`conv2d_3` is the first convolution of a network made behind three others."""
    keras.backend.clear_session()  # which sets its counters back
    for _ in range(convolutions):
        keras.layers.Conv2D(1, 1)
    for _ in range(classifiers):
        keras.layers.Dense(1)
    model = own_keras_net(keras_arrays(nets), "valid", EXACT)
    small = resnet_torch.build("cifar_resnet20_b")
    resnet_torch.write(small, resnet_torch.read(nets[0]))
    result = resnet_duet.compare(small, model)
    assert result.same
    layers = [layer.name for layer in resnet_spec.plan("cifar_resnet20_b").layers()]
    named = {name for name in layers if "relu" not in name and name != "avgpool"}
    assert {row.layer for row in result.rows} >= named


def test_a_function_that_computes_in_float32_is_judged_by_rounding(nets):
    small = resnet_torch.build("cifar_resnet20_b")
    resnet_torch.write(small, resnet_torch.read(nets[0]))
    result = resnet_duet.compare(small, nchw(small))
    assert result.same
    assert result.precision == "float32"
    assert 1e-10 < result.rows[-1].error < result.rows[-1].allowed < 1e-5
    wrong = own_keras_net(keras_arrays(nets), "valid", {"epsilon": 1e-3})
    assert not resnet_duet.compare(small, nhwc(wrong)).same


def test_several_seeds_are_several_images(nets):
    result = resnet_duet.compare(*nets, seeds=range(3))
    assert result.seeds == (0, 1, 2)
    seen = []
    watched = Function(lambda x: seen.append(x) or nets[1](x, training=False), "NHWC", None)
    resnet_duet.compare(nets[0], watched, seeds=range(3))
    assert len(seen) == len({x.tobytes() for x in seen}) == 6


def test_a_fixed_size_is_kept_to(nets):
    seen = []
    fixed = Function(lambda x: seen.append(x.shape) or nets[1](x, training=False), "NHWC", (36, 28))
    assert resnet_duet.compare(nets[0], fixed).same
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
        (Function(lambda x: x[0], "NHWC", None), "not logits"),
        (Function(lambda x: "text", "NHWC", None), "not logits"),
        (Function(lambda x: np.ones((2, 7)), "NHWC", None), "gives 2x10 numbers and .* 2x7"),
        (7, "a int cannot be compared: give a torch module"),
        ("none.pth", "none.pth does not exist"),
        ("none.py:net", "none.py does not exist"),
        ("none.onnx", "none.onnx does not exist"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(nets, other, line):
    with pytest.raises(ResNetError, match=line) as told:
        resnet_duet.compare(nets[0], other)
    assert "\n" not in str(told.value)


def test_networks_of_other_images_are_refused(nets):
    grey = resnet_torch.build(resnet_spec.get("cifar_resnet20_b", in_channels=1))
    with pytest.raises(ResNetError, match="images of 3 channels, the second of 1"):
        resnet_duet.compare(nets[0], grey)


def test_two_functions_in_float32_leave_nothing_to_judge_by(nets):
    small = resnet_torch.build("cifar_resnet20_b")
    with pytest.raises(ResNetError, match="nothing tells rounding from a mistake"):
        resnet_duet.compare(nchw(small), nchw(small))


def test_nan_is_different(nets):
    result = resnet_duet.compare(
        nets[0], Function(lambda x: np.full((2, 10), np.nan), "NHWC", None)
    )
    assert not result.same


class Stubborn(torch.nn.Module):
    """A module that insists on float32."""

    def __init__(self, net):
        super().__init__()
        self.net = net.float()

    def forward(self, x):
        return self.net(x + torch.zeros(1, dtype=torch.float32)).float()


def test_a_module_that_refuses_float64_is_compared_in_float32(nets):
    small = resnet_torch.build("cifar_resnet20_b")
    result = resnet_duet.compare(small, Stubborn(own_torch_net(small)))
    assert result.same
    assert result.precision == "float32"


def test_code_is_run_and_its_network_taken(nets, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import resnet_duet, resnet_torch\nnet = resnet_torch.build('mlperf_resnet8')\nbroken = 1\n"
    )
    result = resnet_duet.compare(f"{file}:net", f"{file}:net")
    assert not result.same  # two runs of the file, two draws of the weights
    for name, line in (("broken", "a int cannot be compared"), ("nothing", "makes nothing called")):
        with pytest.raises(ResNetError, match=line):
            resnet_duet.compare(f"{file}:{name}", f"{file}:net")
    file.write_text("1 / 0")
    with pytest.raises(ResNetError, match="cannot be run: ZeroDivisionError: division by zero"):
        resnet_duet.compare(f"{file}:net", f"{file}:net")
