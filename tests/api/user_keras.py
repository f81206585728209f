"""Code of a Keras user, for pyright, which infers the types of Keras. See test_typing.py."""

from typing import assert_type

import keras

import resnet_duet
import resnet_tf


def load() -> None:
    model = resnet_duet.load("resnet50.pth", into="keras")
    assert_type(model, keras.Model)
    resnet_duet.save(model, "net.keras")


def build() -> None:
    model = resnet_tf.build("resnet50", num_classes=10)
    assert_type(model, keras.Model)
    assert_type(resnet_tf.features(model), keras.Model)
