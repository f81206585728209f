"""Which variance a batch norm keeps for inference, by version of Keras."""

import keras
import numpy as np
import pytest
import torch

IMAGES = (2, 2, 2, 3)  # (N, H, W, C): n = 8 values per channel
FEATURES = (8, 3)  # (N, C): n = 8
BIASED, UNBIASED = 1.0, 8 / 7
EACH = pytest.mark.parametrize("shape", [IMAGES, FEATURES])


@pytest.fixture(scope="module")
def keras_2():
    return pytest.importorskip("tf_keras", reason="tf_keras is not installed")


def ratio(library, shape: tuple[int, ...], **settings: object) -> np.ndarray:
    """The variance that a norm keeps of one batch, divided by the biased one; (C,)."""
    settings = {"dtype": "float32"} | settings
    x = np.random.default_rng(0).standard_normal(shape).astype(settings["dtype"])
    norm = library.layers.BatchNormalization(momentum=0.0, **settings)
    norm(x, training=True)
    return np.asarray(norm.moving_variance) / x.reshape(-1, shape[-1]).var(axis=0)


@EACH
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_keras_3_keeps_the_biased_variance(shape, dtype):
    np.testing.assert_allclose(ratio(keras, shape, dtype=dtype), BIASED, rtol=1e-5)


def test_keras_2_keeps_the_unbiased_variance_of_float32_images(keras_2):
    """TensorFlow's fused batch norm returns it."""
    np.testing.assert_allclose(ratio(keras_2, IMAGES), UNBIASED, rtol=1e-5)


@pytest.mark.parametrize(
    ("shape", "settings"),
    [(IMAGES, {"fused": False}), (IMAGES, {"dtype": "float64"}), (FEATURES, {})],
    ids=["not fused", "float64", "no images"],
)
def test_keras_2_keeps_the_biased_variance_where_it_is_not_fused(keras_2, shape, settings):
    np.testing.assert_allclose(ratio(keras_2, shape, **settings), BIASED, rtol=1e-5)


@EACH
def test_pytorch_keeps_the_unbiased_variance(shape):
    x = torch.from_numpy(np.random.default_rng(0).standard_normal(shape))
    norm = torch.nn.BatchNorm2d if len(shape) == 4 else torch.nn.BatchNorm1d
    module = norm(shape[-1], momentum=1.0, dtype=torch.float64)
    module(x.movedim(-1, 1))
    biased = x.reshape(-1, shape[-1]).var(dim=0, correction=0)
    np.testing.assert_allclose(module.running_var / biased, UNBIASED, rtol=1e-12)
