"""The classifier of a file is kept, removed or replaced as asked, and never guessed."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.frameworks import FRAMEWORKS
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from resnet_duet.weights.dialects import DIALECTS
from support.networks import bits

SPEC = resnet_spec.get("resnet50", widths=[2, 4, 4, 8], num_classes=7)
BARE = resnet_spec.get("resnet50", widths=[2, 4, 4, 8], num_classes=None)
BY_NAME = [d for d in DIALECTS if d not in ("timm_v2",)]


@pytest.fixture
def file(tmp_path):
    """Write random weights of a network in a dialect, and return the file."""

    def file(spec, dialect="torchvision"):
        weights = resnet_duet.random_weights(spec, 0, norms="random")
        arrays = resnet_duet.convert(weights, spec, "torchvision", dialect)
        np.savez(tmp_path / "net.npz", **{n: a.astype(np.float32) for n, a in arrays.items()})
        return tmp_path / "net.npz"

    return file


def test_the_number_of_classes_is_inferred_from_the_file(file):
    _, identity = open_checkpoint(file(SPEC), None, None, HeadChoice.KEEP)
    assert identity.spec.num_classes == 7


def test_a_file_without_a_classifier_needs_an_explicit_choice(file):
    with pytest.raises(FileError, match=r"no classifier; pass --no-head .* or --num-classes N"):
        open_checkpoint(file(BARE), None, None, HeadChoice.KEEP)
    _, identity = open_checkpoint(file(BARE), None, None, HeadChoice.ANY)
    assert identity.spec.num_classes is None


@pytest.mark.parametrize("dialect", BY_NAME)
def test_no_head_skips_the_classifier_and_lists_it(file, dialect):
    own = DIALECTS[dialect]
    checkpoint, identity = open_checkpoint(file(SPEC, dialect), None, dialect, None)
    classifier = own.layer_names(resnet_spec.plan(SPEC))["fc"] + own.layout.separator
    assert identity.spec.num_classes is None
    assert len(checkpoint.skipped) == 2
    assert all(name.startswith(classifier) for name in checkpoint.skipped)
    assert not any(name.startswith(classifier) for name in checkpoint.arrays)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", BY_NAME)
@pytest.mark.parametrize("spec", [SPEC, BARE], ids=["with", "without"])
def test_a_new_classifier_follows_the_same_body(file, dialect, spec):
    path = file(spec, dialect)
    checkpoint, identity = open_checkpoint(path, None, dialect, 11)
    again, _ = open_checkpoint(path, None, dialect, 11)
    assert identity.spec.num_classes == 11
    canonical = resnet_duet.convert(checkpoint.arrays, identity.spec, dialect, "torchvision")
    assert canonical["fc.weight"].shape == (11, 32)
    assert canonical["fc.weight"].dtype == np.float32
    assert 0 < np.abs(canonical["fc.weight"]).max() <= 1 / np.sqrt(32)
    assert bits(checkpoint.arrays) == bits(again.arrays), "the same command gives the same file"
    before = bits(open_checkpoint(path, None, dialect, None)[0].arrays)
    kept = {n: a for n, a in checkpoint.arrays.items() if n in before}
    assert bits(kept) == before


def test_the_number_of_classes_of_the_file_keeps_its_classifier(file):
    checkpoint, _ = open_checkpoint(file(SPEC), None, None, 7)
    assert checkpoint.skipped == ()


def test_load_builds_the_network_with_the_classifier_that_is_asked_for(file):
    assert resnet_duet.load(file(BARE), into="torch", num_classes=None).spec.num_classes is None
    assert resnet_duet.load(file(SPEC), into="torch", num_classes=3).fc.out_features == 3
    with pytest.raises(FileError, match="no classifier"):
        resnet_duet.load(file(BARE), into="torch")


@pytest.mark.parametrize("into", ["torch", "keras"])
def test_load_with_a_new_classifier_keeps_every_bit_of_the_body(file, into):
    path = file(SPEC)
    own, new = (resnet_duet.load(path, into=into, num_classes=n) for n in (7, 5))
    read = FRAMEWORKS[into].read
    body, changed = bits(read(own)), bits(read(new))
    head = {name for name in body if name.startswith("fc")}
    assert len(head) == 2
    assert body.keys() == changed.keys()
    assert {name for name in body if body[name] != changed[name]} == head
    assert new.spec == replace(own.spec, num_classes=5)
