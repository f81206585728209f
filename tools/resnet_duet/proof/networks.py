"""Networks as functions of one kind: float64 images (N, H, W, C) -> {name: float64 output}."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from resnet_duet.frameworks import TORCH, builder, framework_of
from resnet_duet.models import spec_of
from resnet_duet.port.convert import relayout
from resnet_spec import ResNetError

Tracer = Callable[[np.ndarray], dict[str, np.ndarray]]


def tracer(model: Any) -> Tracer:
    """A function that runs a float64 copy of the network and returns every named output, NHWC."""
    framework = framework_of(model)
    twin = builder(framework.name)
    net = _torch_float64(model) if framework is TORCH else _keras_float64(model)

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = twin.trace(net, relayout(images, "NHWC", framework.axes))
        return {
            name: relayout(output, framework.axes, "NHWC") if output.ndim == 4 else output
            for name, output in outputs.items()
        }

    return trace


def _torch_float64(net: Any) -> Any:
    if not isinstance(net, builder(TORCH.name).ResNet):
        raise ResNetError(
            f"a {type(net).__module__}.{type(net).__name__} was not built by resnet_torch.build,"
            " so its layers cannot be followed: load its state_dict into a network that was"
        )
    return copy.deepcopy(net).double()


def _keras_float64(model: Any) -> Any:
    """The same graph, layer by layer, with float64 as each layer's policy.

    `keras.config.set_floatx` would come too late: a layer's policy is resolved when it is built.
    """
    import keras

    def layer_float64(layer: Any) -> Any:
        config = layer.get_config()
        if isinstance(layer, keras.Layer):  # operations such as `ops.pad` have no policy
            config |= {"dtype": "float64"}
        return type(layer).from_config(config)

    (source,) = model.inputs
    image = keras.Input(batch_shape=source.shape, dtype="float64", name=source.name)
    images = keras.tree.map_structure(lambda _: image, model.input)  # a file may make it a list
    clone = keras.models.clone_model(model, images, layer_float64)
    clone.set_weights(model.get_weights())
    clone.spec = spec_of(model)
    return clone
