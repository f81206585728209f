"""`convert_module`: live networks under any names go to the other framework."""

import warnings

import pytest
import torch
from torch import nn

import resnet_duet
import resnet_torch
from resnet_duet import UndeterminedChoicesWarning
from resnet_duet.errors import FileError, FrameworkError, MismatchError
from support.networks import EVEN, ODD, assert_close, images, nchw
from support.tutorial_modules import TUTORIALS

pytestmark = pytest.mark.slow


def outputs(net, size):
    with torch.no_grad():
        return net.eval()(torch.from_numpy(nchw(images(size)))).numpy()


@pytest.mark.parametrize("tutorial", TUTORIALS)
def test_a_module_under_any_names_agrees_with_its_copy(tutorial):
    net = TUTORIALS[tutorial]()
    copy = resnet_duet.convert_module(net, into="torch", verify="outputs")
    for size in (EVEN, ODD):
        assert_close(outputs(copy, size), outputs(net, size), tutorial)


def test_a_module_goes_to_keras_and_is_verified():
    net = TUTORIALS["positions in a Sequential"]()
    model = resnet_duet.convert_module(net, into="keras", verify="outputs")
    expected = outputs(net, ODD)
    assert_close(model(images(ODD)).numpy(), expected, "output")
    assert model.spec.num_classes == 5


def test_a_module_of_another_family_is_refused_with_the_operation():
    net = TUTORIALS["projection without norm"]()
    net.maxpool = nn.Sequential(net.maxpool, nn.LeakyReLU(0.3))
    with pytest.raises(FileError, match=r"^the module .*Tutorial: .*LeakyReLU"):
        resnet_duet.convert_module(net, into="torch")


class Dependent(nn.Module):
    """A network whose code depends on the values of the image."""

    def __init__(self, net, sign):
        super().__init__()
        self.net, self.sign = net, sign

    def forward(self, x):
        return self.net(x if x.sum() > -1e9 else -x) * self.sign


def test_a_module_that_cannot_be_read_is_identified_by_its_arrays_with_a_warning():
    net = Dependent(TUTORIALS["grouped 1x1"](), 1)
    with pytest.warns(
        UndeterminedChoicesWarning,
        match=r"Dependent: its operations cannot be read \(.*not determined",
    ):
        copy = resnet_duet.convert_module(net, into="torch", verify="outputs")
    assert_close(outputs(copy, ODD), outputs(net, ODD), "output")


def test_verify_finds_that_the_outputs_differ():
    net = Dependent(TUTORIALS["grouped 1x1"](), -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndeterminedChoicesWarning)
        with pytest.raises(MismatchError, match="the converted network differs"):
            resnet_duet.convert_module(net, into="torch", verify="outputs")
        resnet_duet.convert_module(net, into="torch")


def test_the_spec_of_a_built_network_is_kept():
    net = resnet_torch.build("mlperf_resnet8")
    assert resnet_duet.convert_module(net, into="keras").spec == net.spec


def test_other_objects_are_refused():
    with pytest.raises(FrameworkError):
        resnet_duet.convert_module("net.pth", into="keras")
    with pytest.raises(FrameworkError):
        resnet_duet.convert_module(TUTORIALS["grouped 1x1"](), into="jax")
