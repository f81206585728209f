"""keras.applications itself opens our files; tests/cross has its networks' numbers."""

import keras
import pytest

import resnet_spec

BUILD = {
    "keras_resnet50": keras.applications.ResNet50,
    "keras_resnet50v2": keras.applications.ResNet50V2,
    "keras_resnet101": keras.applications.ResNet101,
    "keras_resnet152v2": keras.applications.ResNet152V2,
}
QUICK = ("keras_resnet50", "keras_resnet50v2")
NAMES = [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in BUILD]


def opened(name, file, size):
    return BUILD[name](
        weights=str(file), classes=10, classifier_activation=None, input_shape=(*size, 3)
    )


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5"])
@pytest.mark.parametrize("name", NAMES)
def test_it_opens_our_file_and_computes_the_same(float64_policy, ported, name, suffix):
    ours = ported(resnet_spec.get(name, num_classes=10), "keras_applications", suffix)
    ours.assert_computed_by(
        lambda x: opened(name, ours.file, x.shape[1:3])(x, training=False).numpy()
    )


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
@pytest.mark.parametrize("name", QUICK)
def test_the_files_that_it_saves_are_read(float64_policy, ported, tmp_path, name):
    ours = ported(resnet_spec.get(name, num_classes=10), "keras_applications", ".weights.h5")
    theirs = opened(name, ours.file, (64, 96))
    theirs.save_weights(tmp_path / "saved.weights.h5")
    theirs.save(tmp_path / "saved.h5")
    theirs.save(tmp_path / "saved.keras")
    for file in ("saved.weights.h5", "saved.h5", "saved.keras"):
        ours.assert_read_from(tmp_path / file)
