"""Read and write a network's arrays. Counterpart: resnet_torch/weights.py."""

from collections.abc import Mapping

import keras
import numpy as np

from resnet_spec.errors import check_arrays
from resnet_tf.layers import module_path


def read(net: keras.Model) -> dict[str, np.ndarray]:
    """Copies of every weight and moving statistic.

    Args:
        net: a network.

    Returns:
        {"layer1.0.conv1/kernel": array, ...}, in the network's precision.
    """
    to_numpy = keras.ops.convert_to_numpy
    return {name: np.array(to_numpy(variable)) for name, variable in arrays(net).items()}


def write(net: keras.Model, weights: Mapping[str, np.ndarray]) -> None:
    """Set every weight and moving statistic, in the network's precision.

    Args:
        net: a network; changed in place.
        weights: {"layer1.0.conv1/kernel": array, ...}, exactly the network's.

    Raises:
        WeightsError: names or shapes differ. It lists all of them, and nothing is written.
    """
    variables = arrays(net)
    check_arrays(
        {name: np.shape(array) for name, array in weights.items()},
        {name: tuple(variable.shape) for name, variable in variables.items()},
    )
    for name, variable in variables.items():
        variable.assign(np.asarray(weights[name]))


def arrays(net: keras.Model) -> dict[str, keras.Variable]:
    """{the layer's module path, a slash, the variable's name: variable}."""
    paths = [variable.path.rpartition("/") for variable in net.variables]
    names = [module_path(layer) + slash + name for layer, slash, name in paths]
    return dict(zip(names, net.variables, strict=True))
