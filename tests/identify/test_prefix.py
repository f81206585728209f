"""A network below a prefix is found; of several networks, one is chosen by its prefix."""

import json

import numpy as np
import pytest
import torch

import resnet_duet
from resnet_duet.errors import FileError
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from support.command import invoke
from support.networks import bits

NAME = "cifar_resnet20_b"
FEATURES = 64
WEIGHTS = resnet_duet.random_weights(NAME, 0, norms="random")
BODY = {name: array for name, array in WEIGHTS.items() if not name.startswith("fc.")}
OTHER = resnet_duet.random_weights(NAME, 1, norms="random")
DETECTOR = {
    "neck.fpn_lateral2.weight": np.zeros((4, 16, 1, 1)),
    "neck.fpn_output2.weight": np.zeros((4, 4, 3, 3)),
    "roi_heads.box_head.fc1.weight": np.zeros((8, 4)),
    "proposal_generator.anchor_generator.cell_anchors.0": np.zeros((3, 4)),
}


def below(prefix, arrays):
    return {prefix + name: array for name, array in arrays.items()}


@pytest.fixture
def opened(tmp_path):
    """Write these arrays, or containers of arrays, to a file and open it."""

    def opened(content, head=HeadChoice.KEEP, prefix=None):
        return open_checkpoint(saved(content, tmp_path / "net.pth"), None, None, head, prefix)

    return opened


def saved(content, path):
    def tensors(value):
        if isinstance(value, dict):
            return {name: tensors(inner) for name, inner in value.items()}
        return torch.from_numpy(value) if isinstance(value, np.ndarray) else value

    torch.save(tensors(content), path)
    return path


@pytest.mark.parametrize(
    "prefix",
    [
        *("module.", "_orig_mod.", "model.", "backbone.", "encoder.", "net.", "trunk.cnn."),
        *("module._orig_mod.", "model.backbone.", "_orig_mod.module.model."),
    ],
)
def test_a_prefix_of_all_names_is_removed(opened, prefix):
    checkpoint, identity = opened(below(prefix, WEIGHTS))
    assert bits(checkpoint.arrays) == bits(WEIGHTS)
    assert (identity.name, checkpoint.skipped, identity.evidence.notes) == (NAME, (), ())


@pytest.mark.parametrize(
    "prefix", ["backbone.", "backbone.body.", "backbone.bottom_up.", "module.a.b.cnn."]
)
def test_the_backbone_of_a_detector_is_found_and_all_other_arrays_are_listed(opened, prefix):
    checkpoint, identity = opened(below(prefix, BODY) | DETECTOR)
    assert bits(checkpoint.arrays) == bits(BODY)
    assert identity.spec.num_classes is None
    assert checkpoint.skipped == tuple(DETECTOR)
    assert f"the network below {prefix}: 4 other tensors are skipped" in identity.evidence.notes


def test_a_dense_layer_next_to_the_backbone_is_its_classifier(opened):
    head = {"head.weight": np.ones((5, FEATURES)), "head.bias": np.arange(5.0)}
    checkpoint, identity = opened(below("backbone.", BODY) | head)
    assert identity.spec.num_classes == 5
    assert (checkpoint.arrays["fc.bias"] == head["head.bias"]).all()
    assert checkpoint.skipped == ()


@pytest.mark.parametrize("inner", [BODY, WEIGHTS], ids=["without", "with a classifier"])
def test_dense_layers_next_to_the_backbone_are_a_custom_head(opened, inner):
    size = FEATURES if inner is BODY else 10
    head = {"a.0.weight": np.ones((5, size)), "a.0.bias": np.ones(5), "a.2.weight": np.ones((2, 5))}
    content = below("backbone.", inner) | head
    with pytest.raises(FileError, match=r"custom head.*--no-head"):
        opened(content)
    checkpoint, _ = opened(content, head=None)
    assert bits(checkpoint.arrays) == bits(BODY)
    assert set(checkpoint.skipped) >= set(head)
    assert bits(opened(content, prefix="backbone.")[0].arrays) == bits(inner)


PROJECTION = {"fc.0.weight": np.zeros((FEATURES, FEATURES)), "fc.2.weight": np.zeros((8, FEATURES))}
QUEUE = {"module.queue": np.zeros((4, 9)), "module.queue_ptr": np.zeros(1, np.int64)}
TOWERS = [
    ("teacher.", "student.", WEIGHTS, {}),
    ("module.encoder_q.", "module.encoder_k.", BODY | PROJECTION, QUEUE),
    ("", "ema.", WEIGHTS, {}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("one", "two", "first", "more"), TOWERS)
def test_of_two_networks_one_must_be_chosen(opened, one, two, first, more):
    content = below(one, first) | below(two, first | OTHER) | more
    shown = one or "''"
    with pytest.raises(
        FileError, match=f"2 networks; choose one: --prefix {shown} or --prefix {two}"
    ):
        opened(content)
    checkpoint, _ = opened(content, head=None, prefix=one)
    assert bits(checkpoint.arrays) == bits(BODY)
    other, _ = opened(content, head=None, prefix=two)
    assert bits(other.arrays) == {n: b for n, b in bits(OTHER).items() if n in BODY}


def test_the_names_of_a_file_are_listed_for_an_unknown_prefix(opened):
    with pytest.raises(FileError, match="no array has the prefix 'x'") as caught:
        opened(below("teacher.", WEIGHTS) | below("student.", WEIGHTS), prefix="x")
    assert caught.value.details == ("teacher.", "student.")


def test_of_several_containers_the_first_is_read_and_a_prefix_selects_another(opened):
    content = {"state_dict_ema": below("module.", OTHER), "state_dict": WEIGHTS, "epoch": 3}
    checkpoint, identity = opened(content)
    assert bits(checkpoint.arrays) == bits(WEIGHTS)
    assert checkpoint.skipped == ("epoch", "state_dict_ema")
    assert identity.evidence.notes == (
        "read state_dict, not state_dict_ema (choose with --prefix state_dict_ema)",
    )
    assert bits(opened(content, prefix="state_dict_ema")[0].arrays) == bits(OTHER)


def test_the_commands_take_a_prefix(tmp_path):
    path = saved(below("teacher.", WEIGHTS) | below("student.", OTHER), tmp_path / "net.pth")
    assert "--prefix teacher. or --prefix student." in invoke("inspect", path, code=2).stderr
    found = json.loads(invoke("inspect", path, "--prefix", "student.", "--json").stdout)
    assert (found["network"], len(found["skipped"])) == (NAME, len(WEIGHTS))
    invoke("convert", path, tmp_path / "net.npz", "--prefix", "student.")
    with np.load(tmp_path / "net.npz") as arrays:
        assert (arrays["fc.weight"] == OTHER["fc.weight"]).all()


def test_load_takes_a_prefix(tmp_path):
    path = saved(below("teacher.", WEIGHTS) | below("student.", OTHER), tmp_path / "net.pth")
    with pytest.warns(resnet_duet.UndeterminedChoicesWarning):
        net = resnet_duet.load(path, into="torch", prefix="student.")
    assert (net.fc.weight.detach().numpy() == OTHER["fc.weight"]).all()
