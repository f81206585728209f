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
    if not os.environ.get(DATA):
        pytest.skip(f"set {DATA} to a folder with the files that tests/real/README.md lists")
    return Path(os.environ[DATA])


@pytest.fixture
def float64_policy():
    """Networks that take no dtype get float64, and so do their inputs."""
    import keras

    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_dtype_policy("float64")
    keras.config.set_floatx("float64")
    yield
    keras.config.set_dtype_policy(policy)
    keras.config.set_floatx(floatx)


@pytest.fixture(autouse=True)
def no_terminal_size() -> None:
    """Hide the size of the tester's terminal from subprocesses.

    `readline`, which debuggers import, sets it in the process without `os.environ` noticing.
    """
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)
        os.unsetenv(name)
