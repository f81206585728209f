"""A network's arrays, out and in. Beside it, line by line: resnet_torch/weights.py."""

from collections.abc import Mapping

import keras
import numpy as np

from resnet_spec.errors import check_arrays


def read(net: keras.Model) -> dict[str, np.ndarray]:
    """{"layer1.0.conv1/kernel": array, ...}: a copy of every weight and moving statistic."""
    return {name: np.array(variable.numpy()) for name, variable in arrays(net).items()}


def write(net: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Set every weight and moving statistic, in the network's own precision.

    Raises:
        WeightsError: names or shapes differ. Every difference is listed and nothing is written.
    """
    variables = arrays(net)
    check_arrays(
        {name: np.shape(array) for name, array in weights.items()},
        {name: tuple(variable.shape) for name, variable in variables.items()},
    )
    for name, variable in variables.items():
        variable.assign(np.asarray(weights[name]))


def arrays(net: keras.Model) -> dict[str, keras.Variable]:
    """{path: variable}. A Keras variable's path is its layer's name, a slash, and its own."""
    return {variable.path: variable for variable in net.variables}
