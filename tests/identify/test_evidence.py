"""Where the choices of a network come from, and what `load` warns of."""

import numpy as np
import pytest

import resnet_duet
import resnet_spec
from resnet_duet import UndeterminedChoicesWarning
from resnet_duet.files.convert_file import identify_file
from resnet_duet.identify.assumptions import assumptions, choices_of
from resnet_duet.identify.evidence import ASSUMED, Evidence, Origin, origins
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec.rules import choice_paths

SMALL = {"depths": (1, 2), "widths": (8, 16), "num_classes": 5}
SPEC = resnet_spec.get("resnet50", **SMALL)
CIFAR = resnet_spec.get("cifar_resnet20_b", **SMALL)


@pytest.fixture
def weights(tmp_path):
    """spec -> a file of the network's arrays without metadata."""

    def written(spec):
        path = tmp_path / "net.npz"
        np.savez(path, **resnet_duet.random_weights(spec, 0, norms="random"))
        return path

    return written


def opened(path, spec=None, head=HeadChoice.KEEP, choices=()):
    _, identity = identify_file(path, spec, None, head, dict(choices))
    return {item.path: item for item in choices_of(identity)}


def test_every_choice_of_a_spec_has_a_source(weights):
    found = opened(weights(SPEC))
    assert list(found) == list(choice_paths(resnet_spec.ResNetSpec))
    assert "stem.pool" in found
    assert "stem" not in found


def test_a_choice_without_alternatives_follows_from_the_arrays_and_others_are_assumed(weights):
    found = opened(weights(SPEC))
    for item in found.values():
        expected = Origin.CONVENTION if item.alternatives else Origin.ARRAYS
        assert item.origin is expected, item
    assert found["widths"].origin is Origin.ARRAYS
    assert found["stride_in_1x1"].origin is Origin.CONVENTION
    assert found["stride_in_1x1"].alternatives == (True,)


def test_metadata_and_the_user_determine_what_the_arrays_do_not(weights, tmp_path):
    given = opened(weights(SPEC), SPEC)
    assert {item.origin for item in given.values()} == {Origin.ARRAYS, Origin.USER}
    net = resnet_duet.load(weights(SPEC), into="torch", spec=SPEC)
    resnet_duet.save(net, tmp_path / "net.safetensors")
    own = opened(tmp_path / "net.safetensors")
    assert {item.origin for item in own.values()} == {Origin.ARRAYS, Origin.METADATA}


def test_one_choice_that_the_user_sets_is_the_users(weights):
    found = opened(weights(SPEC), choices={"norm_eps": 1e-3, "stem": {"pool": "same"}})
    assert found["norm_eps"].origin is Origin.USER
    assert found["norm_eps"].value == 1e-3
    assert found["stem.pool"].origin is Origin.USER
    assert found["padding"].origin is Origin.CONVENTION


def test_a_new_classifier_is_the_users(weights):
    found = opened(weights(SPEC), head=3)
    assert (found["num_classes"].value, found["num_classes"].origin) == (3, Origin.USER)


def test_a_graph_determines_every_choice():
    found = origins(SPEC, DIALECTS["torchvision"], Evidence(Origin.GRAPH))
    assert {item.origin for item in found} == {Origin.GRAPH}


def test_load_lists_what_it_assumes_with_the_alternatives(weights):
    path = weights(SPEC)
    with pytest.warns(UndeterminedChoicesWarning) as caught:
        resnet_duet.load(path, into="torch")
    (warning,) = caught
    text = str(warning.message)
    assert text.startswith(f"{path}: not determined by the weights, assumed as in torchvision: ")
    assert "stride_in_1x1=False (or True)" in text
    assert "norm_eps=1e-05 (or 1.001e-05, 0.001)" in text
    assert "no anti-aliasing filter" in text
    assert text.endswith("; pass spec=... to choose")
    assert warning.filename == __file__


def test_load_does_not_warn_of_what_only_training_uses(weights):
    with pytest.warns(UndeterminedChoicesWarning) as caught:
        resnet_duet.load(weights(SPEC), into="torch")
    assert "norm_decay" not in str(caught[0].message)


def test_load_of_a_given_spec_or_of_a_file_with_metadata_does_not_warn(weights, tmp_path):
    net = resnet_duet.load(weights(SPEC), into="torch", spec=SPEC)  # warnings are errors
    resnet_duet.save(net, tmp_path / "net.pth")
    assert resnet_duet.load(tmp_path / "net.pth", into="torch").spec == SPEC


def test_anti_aliasing_is_assumed_only_where_such_networks_exist(weights):
    def text(spec):
        return assumptions(open_checkpoint(weights(spec), None, None, HeadChoice.KEEP)[1], str)

    assert "anti-aliasing" in text(SPEC)
    assert "anti-aliasing" in text(resnet_spec.get("resnet18d", **SMALL))
    assert "anti-aliasing" not in text(CIFAR)
    assert "anti-aliasing" not in text(resnet_spec.get("preresnet50", **SMALL))


def test_a_keras_configuration_determines_only_what_was_compared(tmp_path):
    import keras

    import resnet_tf
    from support.custom_networks import custom_keras_net

    net = resnet_tf.build("cifar_resnet20_b")
    custom_keras_net(resnet_tf.read(net), "same", {}).save(tmp_path / "net.keras")
    assert keras.models.load_model(tmp_path / "net.keras").count_params() == net.count_params()
    found = opened(tmp_path / "net.keras")
    assert found["padding"].origin is Origin.GRAPH
    assert found["norm_eps"].origin is Origin.GRAPH


def test_the_name_of_a_nested_spec_means_all_its_choices():
    evidence = ASSUMED.with_given(["stem", "shortcut.kind"], Origin.GRAPH)
    paths = [path for path in choice_paths(resnet_spec.ResNetSpec) if path.startswith("stem.")]
    assert dict(evidence.given) == dict.fromkeys([*paths, "shortcut.kind"], Origin.GRAPH)
    assert evidence.with_notes("a").with_notes("b").notes == ("a", "b")
