"""Checkpoints that the commands read."""

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_torch
from resnet_spec import get


@pytest.fixture(scope="session")
def net():
    """A small network with random weights."""
    torch.manual_seed(0)
    return resnet_torch.build("cifar_resnet20_b")


@pytest.fixture
def checkpoint(tmp_path, net):
    """The path of its checkpoint."""
    torch.save(net.state_dict(), tmp_path / "net.pth")
    return tmp_path / "net.pth"


@pytest.fixture(scope="session")
def bad_folder(tmp_path_factory, net):
    """A good checkpoint among broken and unsuitable files."""
    folder = tmp_path_factory.mktemp("bad")
    torch.save(net.state_dict(), folder / "net.pth")
    content = (folder / "net.pth").read_bytes()
    (folder / "cut.pth").write_bytes(content[: len(content) // 2])
    np.savez(folder / "other.npz", x=np.zeros(3))
    (folder / "old.npz").write_bytes(b"old")
    (folder / "half.json").write_text('{"block": "bas')
    (folder / "binary.json").write_bytes(b"\xff\xfe\x00")
    np.savez(folder / "odd[bold].npz", x=np.zeros(3, np.int64))
    (folder / "net.onnx").touch()
    headless = get("cifar_resnet20_b", num_classes=None)
    np.savez(folder / "headless.npz", **resnet_duet.random_weights(headless, 0))
    return folder
