"""Keras' settings, restored after each test."""

from collections.abc import Iterator

import keras
import pytest


@pytest.fixture(autouse=True)
def settings_restored() -> Iterator[None]:
    """Some code and some solutions set Keras' precision for all layers that follow."""
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    yield
    keras.config.set_dtype_policy(policy)
    keras.config.set_floatx(floatx)
