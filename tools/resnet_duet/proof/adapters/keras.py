"""A Keras model, ours or anybody's, in inference mode. Beside it: torch.py."""

from typing import Any

import numpy as np

from resnet_duet.frameworks import KERAS, builder
from resnet_duet.port.convert import convert
from resnet_duet.port.evidence import configs_of_model
from resnet_duet.proof.adapters.naming import CANONICAL, own_name, recognised, running_order
from resnet_duet.proof.network import Known, Names, Network, Tracer, best_of, to_nhwc
from resnet_spec import ResNetSpec
from resnet_spec.measure import Size


def network(model: Any) -> Network:
    """Copies of the model in float64 and float32, if it is a graph of layers; else itself."""
    spec = getattr(model, "spec", None)
    return _theirs(model) if spec is None else _ours(model, spec)


def _ours(model: Any, spec: ResNetSpec) -> Network:
    twin = builder(KERAS.name)
    order = running_order(spec)

    def trace_of(clone: Any) -> Tracer:
        clone.plan = model.plan

        def trace(images: np.ndarray) -> dict[str, np.ndarray]:
            outputs = twin.trace(clone, images)
            return {name: to_nhwc(outputs[name], KERAS.axes) for name in order}

        return trace

    def weights() -> dict[str, np.ndarray]:
        wide = {name: array.astype(np.float64) for name, array in twin.read(model).items()}
        return convert(wide, spec, KERAS.dialect, CANONICAL)

    return Network(
        title="the Keras network",
        kind="Keras, built by resnet_tf",
        trace=trace_of(in_precision(model, "float64")),
        rounded=trace_of(in_precision(model, "float32")),
        names=Names.CANONICAL,
        channels=spec.in_channels,
        size=None,
        known=Known(spec, weights),
    )


def _theirs(model: Any) -> Network:
    builder(KERAS.name)
    arrays = {variable.path: np.asarray(variable) for variable in model.variables}
    known, names = recognised(arrays, configs_of_model(model) if hasattr(model, "layers") else {})
    channels, size = _input_of(model)
    copies = _copies(model)
    rounded = _probed(copies[1], names) if copies else None
    return Network(
        title=f"the Keras model {model.name!r}",
        kind="Keras model",
        trace=best_of(_probed(copies[0], names), rounded) if copies and rounded else _called(model),
        rounded=rounded,
        names=Names.SOME if names and copies else Names.OWN,
        channels=known.spec.in_channels if known else channels,
        size=size,
        known=known,
    )


def _copies(model: Any) -> tuple[Any, Any] | None:
    """In float64 and in float32; None for a model that is no graph, or whose layers refuse."""
    if not hasattr(model, "inputs") or not model.inputs or not model.layers:
        return None
    try:
        return in_precision(model, "float64"), in_precision(model, "float32")
    except Exception:  # a layer of the user's own may raise anything when it is made anew
        return None


def in_precision(model: Any, dtype: str) -> Any:
    """The same graph, layer by layer, with this dtype as each layer's policy.

    `keras.config.set_floatx` would come too late: a layer's policy is resolved when it is built.
    """
    import keras

    def anew(layer: Any) -> Any:
        config = layer.get_config()
        if isinstance(layer, keras.Layer):  # operations such as `ops.pad` have no policy
            config |= {"dtype": dtype}
        return type(layer).from_config(config)

    (source,) = model.inputs
    image = keras.Input(batch_shape=source.shape, dtype=dtype, name=source.name)
    images = keras.tree.map_structure(lambda _: image, model.input)  # a file may make it a list
    clone = keras.models.clone_model(model, images, anew)
    clone.set_weights(model.get_weights())
    return clone


def _probed(model: Any, names: dict[str, str]) -> Tracer:
    """The output of every layer, by its canonical name where it has one, then the network's."""
    import keras

    layers = {
        names.get(layer.name, own_name(layer.name)): layer.output
        for layer in model.layers
        if isinstance(getattr(layer, "output", None), keras.KerasTensor)
        and not isinstance(layer, keras.layers.InputLayer)
    }
    output = model.outputs[0]
    probe = keras.Model(model.inputs[0], {**layers, "output": output})

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = probe(images.astype(model.inputs[0].dtype), training=False)
        arrays = {name: np.asarray(outputs[name]) for name in (*layers, "output")}
        return {n: to_nhwc(a, KERAS.axes) for n, a in arrays.items() if a.ndim in (2, 4)}

    return trace


def _called(model: Any) -> Tracer:
    """The output alone, in the model's own precision."""

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        output = model(images.astype(model.compute_dtype), training=False)
        return {"output": to_nhwc(np.asarray(output), KERAS.axes)}

    return trace


def _input_of(model: Any) -> tuple[int | None, Size | None]:
    """Channels and size of the images, where the model fixes them."""
    inputs = getattr(model, "inputs", None)
    if not inputs or len(inputs[0].shape) != 4:
        return None, None
    _, height, width, channels = inputs[0].shape
    return channels, None if height is None or width is None else (height, width)
