"""Every layer's output of one forward pass. Beside it, line by line: resnet_torch/trace.py."""

import keras
import numpy as np

import resnet_spec


def trace(net: keras.Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """{name of a layer, block or stage: its output}, in inference mode.

    Args:
        net: a network of `build`.
        images: (N, H, W, C); computed in the network's own precision.

    Returns:
        Arrays (N, H, W, C), or (N, C) behind the global pool.
    """
    plan = resnet_spec.plan(net.spec)
    layers = {layer.name: layer.name for layer in plan.layers()} | plan.outputs()
    probe = keras.Model(net.inputs[0], {n: net.get_layer(o).output for n, o in layers.items()})
    outputs = probe(images.astype(net.inputs[0].dtype), training=False)
    return {name: keras.ops.convert_to_numpy(outputs[name]) for name in layers}
