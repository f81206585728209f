"""Wrappers of training scripts are removed, and every array is either kept or listed."""

import numpy as np
import pytest
import torch

import resnet_duet
import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from support.networks import bits

NAME = "cifar_resnet20_b"


@pytest.fixture(scope="module")
def weights():
    weights = resnet_duet.random_weights(NAME, 0, norms="random")
    return {name: array.astype(np.float32) for name, array in weights.items()}


@pytest.fixture
def opened(tmp_path):
    """Write these arrays or objects to a file, and open it."""

    def opened(content, head=HeadChoice.KEEP):
        tensors = {
            n: torch.from_numpy(a) if isinstance(a, np.ndarray) else a for n, a in content.items()
        }
        torch.save(tensors, tmp_path / "net.pth")
        return open_checkpoint(tmp_path / "net.pth", None, None, head)

    return opened


def prefixed(prefix, arrays):
    return {prefix + name: array for name, array in arrays.items()}


@pytest.mark.parametrize(
    "prefix",
    [
        *("module.", "_orig_mod.", "model.", "backbone.", "encoder.", "module.encoder_q."),
        *("module._orig_mod.", "model.backbone.", "_orig_mod.module.model."),
    ],
)
def test_a_prefix_of_all_names_is_removed(opened, weights, prefix):
    checkpoint, identity = opened(prefixed(prefix, weights))
    assert bits(checkpoint.arrays) == bits(weights)
    assert identity.name == NAME
    assert checkpoint.skipped == ()


def test_the_backbone_of_a_detector_is_found_and_the_other_arrays_are_listed(opened, weights):
    head = {"neck.conv.weight": np.zeros((4, 4)), "bbox_head.fc.weight": np.zeros((2, 2))}
    bare = {n: a for n, a in weights.items() if not n.startswith("fc.")}
    checkpoint, identity = opened(prefixed("backbone.", bare) | head, head=None)
    assert bits(checkpoint.arrays) == bits(bare)
    assert identity.spec.num_classes is None
    assert set(checkpoint.skipped) == set(head)


@pytest.mark.parametrize("key", ["state_dict", "model", "net", "state_dict_ema", "teacher"])
def test_a_container_is_opened_and_the_keys_next_to_it_are_listed(opened, weights, key):
    tensors = {n: torch.from_numpy(a) for n, a in weights.items()}
    checkpoint, _ = opened({key: tensors, "optimizer": {"state": {}}, "epoch": 3})
    assert bits(checkpoint.arrays) == bits(weights)
    assert checkpoint.skipped == ("optimizer", "epoch")


def test_a_checkpoint_of_a_training_loop_is_opened(tmp_path):
    import resnet_torch

    net = torch.nn.DataParallel(resnet_torch.build(NAME))
    optimizer = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    net(torch.zeros(2, 3, 32, 32)).sum().backward()
    optimizer.step()
    state = {
        "state_dict": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "epoch": 3,
        "best_acc": np.float64(0.5),
    }
    for is_zip in (True, False):
        torch.save(state, tmp_path / "a.pth.tar", _use_new_zipfile_serialization=is_zip)
        checkpoint, identity = open_checkpoint(tmp_path / "a.pth.tar", None, None, HeadChoice.KEEP)
        assert identity.name == NAME
        assert checkpoint.skipped[:3] == ("optimizer", "epoch", "best_acc")
        assert "bn1.num_batches_tracked" in {n.removeprefix("module.") for n in checkpoint.skipped}


@pytest.mark.slow
def test_an_array_that_belongs_to_no_network_is_refused(opened, weights):
    with pytest.raises(FileError, match=r"1 unexpected\n  unexpected: ema\.x"):
        opened(weights | {"ema.x": np.zeros(3)})


def test_the_slots_of_tensorflow_s_optimizers_are_skipped_and_listed(tmp_path):
    spec = resnet_spec.get("resnet50", widths=[4, 4, 8, 8], num_classes=3)
    home = resnet_duet.random_weights(spec, 0)
    arrays = resnet_duet.convert(home, spec, "torchvision", "tf_slim")
    extra = {"resnet_v1_50/conv1/weights/Momentum": np.zeros(3), "global_step": np.zeros(())}
    np.savez(tmp_path / "slim.npz", **arrays, **extra)
    checkpoint, identity = open_checkpoint(tmp_path / "slim.npz", None, None, HeadChoice.KEEP)
    assert identity.dialect == "tf_slim"
    assert set(checkpoint.skipped) == set(extra)
