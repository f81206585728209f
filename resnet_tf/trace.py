"""One forward pass, from NumPy to NumPy. Counterpart: resnet_torch/trace.py."""

import keras
import numpy as np

from resnet_tf.layers import module_path


def run(net: keras.Model, images: np.ndarray, training: bool = False) -> np.ndarray:
    """The output of a network.

    Args:
        net: a network of `build`.
        images: (N, H, W, C). They are converted to the network's precision.
        training: whether norms use the statistics of the batch, and update their own.

    Returns:
        (N, num_classes), or (N, H', W', C') for a network without a head.
    """
    # Not `net.predict`: it rounds float64 images to float32, in a network of any precision.
    output = net(images.astype(net.inputs[0].dtype), training=training)
    return np.asarray(keras.ops.convert_to_numpy(output))


def trace(net: keras.Model, images: np.ndarray, training: bool = False) -> dict[str, np.ndarray]:
    """The outputs of every layer, block and stage.

    Args:
        net: a network of `build`, with its attribute `plan`.
        images: (N, H, W, C). They are converted to the network's precision.
        training: whether norms use the statistics of the batch, and update their own.

    Returns:
        {name: (N, H, W, C), or (N, C) after the global pool}: layers in execution order, then
        blocks and stages.
    """
    names = {layer.name: layer.name for layer in net.plan.layers()} | net.plan.outputs()
    layers = {module_path(layer.name): layer for layer in net.layers}
    probe = keras.Model(net.inputs[0], {name: layers[n].output for name, n in names.items()})
    outputs = probe(images.astype(net.inputs[0].dtype), training=training)
    return {name: np.asarray(keras.ops.convert_to_numpy(outputs[name])) for name in names}
