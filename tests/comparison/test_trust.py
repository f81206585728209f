"""Programs of PyTorch in files are run only if the caller trusts them."""

import pytest
import torch

import resnet_duet
import resnet_spec
import resnet_torch
from resnet_duet import Trust
from support.networks import thin


@pytest.fixture
def program(tmp_path):
    net = resnet_torch.build(thin(resnet_spec.get("cifar_resnet20_b")), "float64").eval()
    with pytest.warns(DeprecationWarning):
        torch.jit.save(torch.jit.trace(net, torch.zeros(1, 3, 33, 40).double()), tmp_path / "x.pt")
    return net, tmp_path / "x.pt"


@pytest.mark.slow
def test_compare_runs_a_program_that_is_trusted(program):
    net, path = program
    found = resnet_duet.compare(path, net, trust=Trust.CODE)
    assert found.match
    assert found.own_functions[0]


def test_compare_refuses_a_program_that_is_not_trusted(program):
    net, path = program
    with pytest.raises(resnet_duet.FileError, match="TorchScript"):
        resnet_duet.compare(path, net)
