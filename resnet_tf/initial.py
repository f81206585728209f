"""Initial weights: He's normal distribution by fan-out. Counterpart: resnet_torch/initial.py."""

from math import pi, prod

import keras
import numpy as np

from resnet_spec import Plan
from resnet_spec.initial import InitialWeights, last_norms
from resnet_tf.layers import keras_name

BLOCK = 2**15  # values that are drawn at once: they fit the cache of a core


def initialise(net: keras.Model, plan: Plan, initial: InitialWeights) -> None:
    """Initialise as torchvision: kernels He normal by fan-out, norms 1 and 0, `fc` uniform.

    Layers are made with zeros, which is fast, and get their initializers here, for the
    configuration of a saved network. The values come from NumPy: Keras takes longer to draw them
    than to make the network. `keras.utils.set_random_seed` determines them.

    Args:
        net: a network; changed in place.
        plan: of the network.
        initial: the weights; EMPTY leaves zeros.
    """
    is_empty = initial is InitialWeights.EMPTY
    rng = None if is_empty else np.random.default_rng(_seed())
    for layer in net.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.kernel_initializer = he_fan_out()
            if rng:
                layer.kernel.assign(he_normal(rng, layer.kernel.shape, layer.kernel.dtype))
        if isinstance(layer, keras.layers.Dense):
            limit = layer.kernel.shape[0] ** -0.5
            layer.kernel_initializer = layer.bias_initializer = fc_initial(limit)
            if rng:
                layer.kernel.assign(rng.uniform(-limit, limit, layer.kernel.shape))
                layer.bias.assign(rng.uniform(-limit, limit, layer.bias.shape))
    if initial is InitialWeights.ZERO_LAST_NORM:
        for norm in last_norms(plan):
            layer = net.get_layer(keras_name(norm.name))
            layer.gamma_initializer = keras.initializers.Zeros()
            layer.gamma.assign(np.zeros(norm.channels))


def he_fan_out() -> keras.initializers.Initializer:
    """PyTorch's `kaiming_normal_(mode="fan_out")`. Keras' HeNormal is truncated and by fan-in."""
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


def fc_initial(limit: float) -> keras.initializers.Initializer:
    """PyTorch's default for a Linear: uniform in +-1/sqrt(fan_in), for kernel and bias.

    Args:
        limit: 1/sqrt(fan_in).
    """
    return keras.initializers.RandomUniform(-limit, limit)


def he_normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Values with the distribution of `he_fan_out`, by Box and Muller's transform.

    It takes a third of the time of `Generator.standard_normal`.

    Args:
        rng: the source of random numbers.
        shape: (H, W, I, O); I is the number of input channels of a group.
        dtype: precision of the values, but at least float32.
    """
    height, width, _, outputs = shape
    deviation = (2 / (height * width * outputs)) ** 0.5
    wide = np.result_type(dtype, np.float32).type
    values = np.empty(prod(shape), wide)
    for start in range(0, values.size, BLOCK):
        block = values[start : start + BLOCK]
        half = -(-block.size // 2)
        uniform, turn = rng.random((2, half), wide)
        radius = deviation * np.sqrt(-2 * np.log(1 - uniform))
        block[:half] = radius * np.cos(2 * pi * turn)
        block[half:] = (radius * np.sin(2 * pi * turn))[: block.size - half]
    return values.reshape(shape)


def _seed() -> int:
    """The next number of Keras' own generator."""
    return int(keras.ops.convert_to_numpy(keras.random.randint((), 0, 2**31 - 1)))
