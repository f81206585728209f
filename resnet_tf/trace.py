"""One forward pass, NumPy in and out. Beside it, line by line: resnet_torch/trace.py."""

import keras
import numpy as np


def run(net: keras.Model, images: np.ndarray, training: bool) -> np.ndarray:
    """The network's output alone.

    Args:
        net: a network of `build`.
        images: (N, H, W, C); computed in the network's own precision.
        training: norms use the batch's mean and variance and move their running ones.

    Returns:
        (N, num_classes), or (N, H', W', C') of a network without a head.
    """
    # Not `net.predict`, which rounds float64 images to float32 whatever the network's precision.
    output = net(images.astype(net.inputs[0].dtype), training=training)
    return keras.ops.convert_to_numpy(output)


def trace(net: keras.Model, images: np.ndarray, training: bool = False) -> dict[str, np.ndarray]:
    """{name of a layer, block or stage: its output}.

    Args:
        net: a network of `build`.
        images: (N, H, W, C); computed in the network's own precision.
        training: norms use the batch's mean and variance and move their running ones.

    Returns:
        Arrays (N, H, W, C), or (N, C) behind the global pool.
    """
    layers = {layer.name: layer.name for layer in net.plan.layers()} | net.plan.outputs()
    probe = keras.Model(net.inputs[0], {n: net.get_layer(o).output for n, o in layers.items()})
    outputs = probe(images.astype(net.inputs[0].dtype), training=training)
    return {name: keras.ops.convert_to_numpy(outputs[name]) for name in layers}
