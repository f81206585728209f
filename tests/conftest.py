"""What every test finds: a quiet TensorFlow, one Keras backend, the folder of real data."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"
# The tests run in as many processes as there are cores, so each may use one.
for threads in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ[threads] = "1"

DATA = "RESNET_DUET_DATA"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of other people's checkpoints and images."""
    if DATA not in os.environ:
        pytest.skip(f"{DATA} names no folder of real checkpoints")
    return Path(os.environ[DATA])
