"""Weights of a subclassed Keras model, in every format that Keras writes, need no flag."""

import keras
import numpy as np
import pytest
import tf_keras

import resnet_duet
import resnet_spec
import resnet_tf
from resnet_duet.identify.head import HeadChoice
from resnet_duet.identify.open_checkpoint import open_checkpoint
from support.networks import images
from support.tutorial_keras import PROJECTION_EPS, network

pytestmark = pytest.mark.slow

SOURCES = {
    "Keras 3 weights": (keras, "net.weights.h5"),
    "tf_keras weights in Keras 3's format": (tf_keras, "net.weights.h5"),
    "tf_keras weights in HDF5": (tf_keras, "net.h5"),
    "TensorFlow checkpoint": (tf_keras, "net"),
    "index of a TensorFlow checkpoint": (tf_keras, "net.index"),
}


@pytest.mark.parametrize("bottleneck", [False, True], ids=["basic", "bottleneck"])
@pytest.mark.parametrize("source", SOURCES)
def test_weights_of_subclassed_models_are_placed(source, bottleneck, tmp_path):
    library, name = SOURCES[source]
    model = network(library, bottleneck, slashes=library is tf_keras)
    model.save_weights(tmp_path / name.removesuffix(".index"))
    checkpoint, identity = open_checkpoint(tmp_path / name, None, None, HeadChoice.KEEP)
    assert identity.evidence.notes[0].startswith("assigned by order and shapes")
    own = {"padding": "same", "stem": {"pool": "same"}, "shortcut": {"norm_eps": PROJECTION_EPS}}
    spec = resnet_spec.plan(identity.spec, **own).spec
    ours = resnet_tf.build(spec, dtype="float32")
    converted = resnet_duet.convert(checkpoint.arrays, spec, identity.dialect, "keras")
    resnet_tf.write(ours, converted)
    for size in ((32, 48), (33, 45)):
        x = images(size).astype(np.float32)
        expected = np.asarray(model(x, training=False))
        found = np.asarray(ours(x, training=False))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_a_model_without_a_classifier_is_placed(tmp_path):
    network(keras, classes=None).save_weights(tmp_path / "net.weights.h5")
    _, identity = open_checkpoint(tmp_path / "net.weights.h5", None, None, HeadChoice.KEEP)
    assert identity.spec.num_classes is None
