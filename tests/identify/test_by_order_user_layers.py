"""Whole models with blocks of the user's own class: read if everything around them fits."""

import json
import warnings
import zipfile
from functools import cache

import keras
import numpy as np
import pytest

import resnet_duet
from resnet_duet.errors import FileError
from resnet_duet.identify.evidence import Origin
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from support.networks import images
from support.tutorial_keras import Sizes, functional

CONFIG = "config.json"


@cache
def model():
    """Blocks are layers of the class `Block`, in a `Sequential` for each stage."""
    return functional(keras, Sizes(False, depths=(1, 1, 1)))


def edited(folder, edit):
    """The saved model, whose layers `edit` changes: it gets the configuration of the layers."""
    model().save(folder / "net.keras")
    with zipfile.ZipFile(folder / "net.keras") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members[CONFIG])
    edit({layer["name"]: layer for layer in config["config"]["layers"]})
    members[CONFIG] = json.dumps(config).encode()
    with zipfile.ZipFile(folder / "edited.keras", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return folder / "edited.keras"


def only(layers, class_name):
    """The layer of a class that comes once."""
    (layer,) = (layer for layer in layers.values() if layer["class_name"] == class_name)
    return layer


def keep(layers):
    """No edit."""


def pad_valid(layers):
    only(layers, "MaxPooling2D")["config"]["padding"] = "valid"


def leaky(layers):
    only(layers, "ReLU")["config"]["negative_slope"] = 0.3


def user_activation(layers):
    only(layers, "ReLU").update(module="mine", class_name="Swish", registered_name="Swish")


def subclass_of_relu(layers):
    only(layers, "ReLU").update(module=None, registered_name="ReLU")


def larger_eps(layers):
    layers["conv1_BatchNorm"]["config"]["epsilon"] = 1e-3


def other_class(layers):
    block = layers["block2"]["config"]["layers"][-1]
    block.update(class_name="Other", registered_name="Other")


def test_blocks_of_the_users_are_placed_and_the_note_says_that_they_are_assumed(tmp_path):
    path = edited(tmp_path, keep)
    _, identity = open_checkpoint(path, None, None, HeadChoice.KEEP)
    assert any("layers Block are assumed to be blocks" in note for note in identity.evidence.notes)
    assert identity.evidence.general is Origin.CONVENTION
    assert identity.evidence.given["stem.pool"] is Origin.GRAPH
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", resnet_duet.UndeterminedChoicesWarning)
        own = resnet_duet.load(path, into="keras")
        body = resnet_duet.load(path, into="torch", num_classes=None)
    x = images((21, 15)).astype(np.float32)
    logits = keras.ops.softmax(own(x))
    np.testing.assert_allclose(np.asarray(logits), np.asarray(model()(x)), atol=1e-6)
    assert body.spec.num_classes is None


@pytest.mark.parametrize(
    "edit", [pad_valid, leaky, user_activation, subclass_of_relu, larger_eps, other_class]
)
def test_a_model_that_differs_around_the_blocks_is_refused(edit, tmp_path):
    with pytest.raises(FileError, match="leaves the family"):
        open_checkpoint(edited(tmp_path, edit), None, None, HeadChoice.KEEP)
