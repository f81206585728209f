"""Keras 3. Our builder is resnet_tf, which runs on any backend and is tested on TensorFlow."""

import json
import os
from pathlib import Path

from resnet_duet.frameworks.framework import Framework


def backend() -> str:
    """The backend that Keras will import, which is the name of a package.

    As in Keras: the variable KERAS_BACKEND, else keras.json, else TensorFlow.
    """
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    try:
        settings = json.loads((folder / "keras.json").read_text())
        default = settings["backend"]
    except (OSError, ValueError, KeyError, TypeError):
        default = "tensorflow"
    return os.environ.get("KERAS_BACKEND") or str(default)


KERAS = Framework(
    name="keras",
    title="Keras",
    package="resnet_tf",
    requires=("keras", backend()),
    extra="tf",
    model_package="keras",
    dialect="keras",
    axes="NHWC",
)
