"""What every test finds: a quiet TensorFlow, one Keras backend, the folder of real data."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

DATA = "RESNET_DUET_DATA"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of other people's checkpoints and images."""
    if DATA not in os.environ:
        pytest.skip(f"{DATA} names no folder of real checkpoints")
    return Path(os.environ[DATA])
