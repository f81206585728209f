"""The classifier of a file is kept, removed or replaced as asked, and never guessed."""

from dataclasses import replace

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet.errors import FileError
from resnet_duet.frameworks import FRAMEWORKS
from resnet_duet.identify.body import find_body
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


def test_a_file_without_a_classifier_is_a_network_without_one(file):
    _, identity = open_checkpoint(file(BARE), None, None, HeadChoice.KEEP)
    assert identity.spec.num_classes is None
    assert any("the file has no classifier" in note for note in identity.evidence.notes)


def test_a_file_with_a_classifier_has_no_note(file):
    _, identity = open_checkpoint(file(SPEC), None, None, HeadChoice.KEEP)
    assert identity.evidence.notes == ()


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
    net = resnet_duet.load(file(BARE), into="torch", spec=BARE, num_classes=None)
    assert net.spec.num_classes is None
    net = resnet_duet.load(file(SPEC), into="torch", spec=SPEC, num_classes=3)
    assert net.fc.out_features == 3
    assert resnet_duet.load(file(BARE), into="torch", spec=BARE).spec.num_classes is None


@pytest.mark.slow
@pytest.mark.parametrize("into", ["torch", "keras"])
def test_load_with_a_new_classifier_keeps_every_bit_of_the_body(file, into):
    path = file(SPEC)
    own, new = (resnet_duet.load(path, into=into, spec=SPEC, num_classes=n) for n in (7, 5))
    read = FRAMEWORKS[into].read
    body, changed = bits(read(own)), bits(read(new))
    head = {name for name in body if name.startswith("fc")}
    assert len(head) == 2
    assert body.keys() == changed.keys()
    assert {name for name in body if body[name] != changed[name]} == head
    assert new.spec == replace(own.spec, num_classes=5)


FEATURES = 32  # of SPEC


def dense(name, outputs, inputs=FEATURES, separator=".", words=("weight", "bias")):
    """A dense layer in PyTorch's layout, with random values."""
    rng = np.random.default_rng(outputs)
    sizes = {words[0]: (outputs, inputs), words[1]: (outputs,)}
    return {f"{name}{separator}{word}": rng.normal(size=size) for word, size in sizes.items()}


def keras_dense(name, outputs, inputs=FEATURES):
    """A dense layer in Keras' layout."""
    arrays = dense(name, outputs, inputs, "/", ("kernel", "bias"))
    return {n: array.T for n, array in arrays.items()}


@pytest.fixture
def with_head(tmp_path):
    """Write a body in a dialect, and these other arrays; return the file and the body's bits."""

    def with_head(head, dialect="torchvision"):
        arrays = resnet_duet.convert(BODY, BARE, "torchvision", dialect)
        np.savez(tmp_path / "net.npz", **arrays, **head)
        return tmp_path / "net.npz"

    return with_head


BODY = resnet_duet.random_weights(BARE, 1, norms="random")
OWN_NAMES = [
    ("torchvision", dense("head", 5)),
    ("torchvision", dense("classifier.1", 5)),
    ("torchvision", dense("fc.1", 5)),
    ("torchvision", dense("fc.2.0.linear", 5)),
    ("detectron2", dense("head", 5)),
    ("huggingface", dense("classifier", 5)),
    ("keras_applications", keras_dense("dense", 5)),
    ("keras_applications", keras_dense("logits", 5)),
    ("keras_numbered", keras_dense("predictions", 5)),
    ("keras", keras_dense("head_1", 5)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("dialect", "head"), OWN_NAMES, ids=[next(iter(h)) for _, h in OWN_NAMES])
def test_one_dense_layer_under_any_name_is_the_classifier(with_head, dialect, head):
    checkpoint, identity = open_checkpoint(with_head(head, dialect), None, dialect, HeadChoice.KEEP)
    assert identity.spec.num_classes == 5
    kernel, bias = head
    assert identity.evidence.notes == (f"{kernel} is the classifier, for 5 classes",)
    canonical = resnet_duet.convert(checkpoint.arrays, identity.spec, dialect, "torchvision")
    is_keras = kernel.endswith("/kernel")
    expected = {"fc.weight": head[kernel].T if is_keras else head[kernel], "fc.bias": head[bias]}
    assert bits(canonical) == bits(BODY | expected)


def test_a_1x1_convolution_on_the_features_is_the_classifier(with_head):
    head = {"fc.weight": dense("x", 5)["x.weight"][:, :, None, None]}
    checkpoint, identity = open_checkpoint(with_head(head), None, None, HeadChoice.KEEP)
    assert identity.spec.num_classes == 5
    assert (checkpoint.arrays["fc.weight"] == head["fc.weight"][:, :, 0, 0]).all()


def test_a_classifier_without_a_bias_gets_zeros(with_head):
    head = {"head.weight": dense("x", 5)["x.weight"]}
    checkpoint, identity = open_checkpoint(with_head(head), None, None, HeadChoice.KEEP)
    assert identity.spec.num_classes == 5
    assert (checkpoint.arrays["fc.bias"] == np.zeros(5)).all()
    assert "without a bias" in identity.evidence.notes[0]


def test_a_given_network_has_a_classifier_under_any_name(with_head):
    path = with_head(dense("head", 5))
    given = replace(SPEC, num_classes=5)
    assert open_checkpoint(path, given, None, HeadChoice.KEEP)[1].spec == given
    with pytest.raises(FileError, match="the arrays do not match"):
        open_checkpoint(path, "resnet18", None, HeadChoice.KEEP)


CUSTOM = {
    "two dense layers": dense("fc.0", 16) | dense("fc.2", 5, 16),
    "MoCo's projection": dense("fc.0", FEATURES) | dense("fc.2", 128),
    "a norm": {f"neck.{w}": np.ones(FEATURES) for w in ("weight", "bias", "running_mean")}
    | dense("head", 5),
    "two tasks": dense("age", 1) | dense("sex", 2),
    "a classifier and another": dense("fc", 5) | dense("aux", 3),
    "other features": dense("fc", 5, FEATURES + 1),
    "a decoder": dense("head", 5) | {"up.weight": np.ones((4, FEATURES, 3, 3))},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CUSTOM)
def test_a_custom_head_is_listed_and_no_head_is_suggested(with_head, kind):
    head, path = CUSTOM[kind], with_head(CUSTOM[kind])
    with pytest.raises(FileError, match=r"custom head.*--no-head") as caught:
        open_checkpoint(path, None, None, HeadChoice.KEEP)
    assert {line.split()[0] for line in caught.value.details} == set(head)
    checkpoint, identity = open_checkpoint(path, None, None, None)
    assert identity.spec.num_classes is None
    assert set(checkpoint.skipped) == set(head)
    assert bits(checkpoint.arrays) == bits(BODY)
    checkpoint, identity = open_checkpoint(path, None, None, 9)
    assert identity.spec.num_classes == 9
    assert set(checkpoint.skipped) == set(head)


def test_dense_layers_after_keras_features_are_a_custom_head(with_head):
    head = keras_dense("dense", 16) | keras_dense("dense_1", 5, 16)
    path = with_head(head, "keras_applications")
    with pytest.raises(FileError, match=r"custom head.*--no-head"):
        open_checkpoint(path, None, None, HeadChoice.KEEP)
    checkpoint, _ = open_checkpoint(path, None, None, None)
    assert set(checkpoint.skipped) == set(head)


WITHIN = {
    "a gate in a block": ("torchvision", dense("layer4.0.se.fc", FEATURES)),
    "a layer in a stage": ("torchvision", dense("layer4.attention", 5)),
    "a bias of a convolution": ("torchvision", {"layer1.0.conv1.bias": np.ones(2)}),
    "gates of Keras": (
        "keras_applications",
        keras_dense("conv2_block1_se1", 1, 8) | keras_dense("conv2_block1_se2", 8, 1),
    ),
    "a convolution of Keras": ("keras_applications", {"extra/kernel": np.ones((3, 3, 4, 4))}),
    "an array of no layer": ("torchvision", {"ema.x": np.ones(3)}),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITHIN)
@pytest.mark.parametrize("head", [HeadChoice.KEEP, None, 3], ids=["keep", "no head", "new head"])
def test_layers_within_the_body_are_never_skipped_as_a_head(with_head, kind, head):
    dialect, arrays = WITHIN[kind]
    with pytest.raises(FileError):
        open_checkpoint(with_head(arrays, dialect), None, None, head)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", [d for d in DIALECTS if d != "tf_slim"])  # 50 in every name
def test_a_body_is_found_in_every_dialect_next_to_another_array(dialect):
    own = DIALECTS[dialect]
    spec = resnet_spec.get("resnet50", depths=(3, 4, 6, 3), num_classes=None)
    shapes = own.shapes(resnet_spec.plan(spec))
    body = find_body(shapes | {"other": (3,)}, [own])
    assert body.others == ("other",)
    assert set(body.names) == set(shapes)
