"""Two libraries with Caffe's names: keras_applications as it was in 2019, and keras-resnet."""

import keras
import pytest

import resnet_spec
from resnet_duet.weights.dialects import dialect

DIALECT = "keras_caffe"


def default_spec(name):
    return dialect(DIALECT).default_spec(resnet_spec.get(name, num_classes=10))


@pytest.fixture
def build_resnet50():
    """keras_applications' ResNet50, which takes the parts of Keras as arguments."""
    module = pytest.importorskip("keras_applications.resnet50")
    parts = {part: getattr(keras, part) for part in ("backend", "layers", "models", "utils")}

    def build(size):
        return module.ResNet50(weights=None, classes=10, input_shape=(*size, 3), **parts)

    return build


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5"])
def test_keras_applications_of_2019_opens_our_file(float64_policy, ported, build_resnet50, suffix):
    ours = ported(default_spec("keras_resnet50"), DIALECT, suffix)

    def run(x):
        net = build_resnet50(x.shape[1:3])
        net.load_weights(ours.file)
        net.get_layer("fc1000").activation = keras.activations.linear
        return net(x, training=False).numpy()

    ours.assert_computed_by(run)


@pytest.fixture
def keras_resnet(monkeypatch):
    """keras-resnet of 2019, whose norm may be frozen, which Keras 3 does by another way."""
    package = pytest.importorskip("keras_resnet.models", reason="keras-resnet is not installed")
    import keras_resnet.layers

    def norm(freeze, **choices):
        return keras.layers.BatchNormalization(**choices)

    monkeypatch.setattr(keras_resnet.layers, "BatchNormalization", norm)
    return package


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("resnet50", "ResNet2D50"),
        pytest.param("resnet101", "ResNet2D101", marks=pytest.mark.slow),
        pytest.param("resnet152", "ResNet2D152", marks=pytest.mark.slow),
    ],
)
def test_keras_resnet_computes_the_same_and_its_numbers_are_read(
    float64_policy, ported, keras_resnet, tmp_path, name, theirs
):
    ours = ported(default_spec(name), DIALECT, ".weights.h5")
    net = getattr(keras_resnet, theirs)(keras.Input((None, None, 3)), classes=10)
    net.load_weights(ours.file)
    net.get_layer("fc1000").activation = keras.activations.linear
    ours.assert_computed_by(lambda x: net(x, training=False).numpy())
    net.save_weights(tmp_path / "saved.weights.h5")
    ours.assert_read_from(tmp_path / "saved.weights.h5")
