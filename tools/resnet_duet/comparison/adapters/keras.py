"""A Keras model, of `resnet_tf` or of a user, in inference mode. torch.py corresponds."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_duet.comparison.naming import custom_name, identified, recognise
from resnet_duet.comparison.subject import IdentifiedNet, Naming, Subject, Tracer, prefer
from resnet_duet.frameworks import KERAS
from resnet_duet.identify.live import checkpoint_of
from resnet_duet.weights.convert import to_nhwc
from resnet_spec import ResNetSpec
from resnet_spec.measure import Size

if TYPE_CHECKING:
    import keras

POOL = "avgpool"  # its output has other axes in some models; the network's output depends on it


def subject(model: "keras.Model") -> Subject:
    """Copies of a model in float64 and float32 if it is a graph of layers, else the model."""
    is_built = isinstance(getattr(model, "spec", None), ResNetSpec)
    return _from_builder(model) if is_built else _from_user(model)


def _from_builder(model: Any) -> Subject:
    def trace_of(clone: Any) -> Tracer:
        clone.plan = model.plan
        return lambda images: KERAS.trace(clone, images)

    return Subject(
        title="the Keras network",
        kind="Keras, built by resnet_tf",
        trace=trace_of(in_precision(model, "float64")),
        float32=trace_of(in_precision(model, "float32")),
        naming=Naming.FULL,
        channels=model.spec.in_channels,
        size=None,
        identified=identified(lambda: KERAS.read(model), model.spec, KERAS.dialect),
    )


def _from_user(model: "keras.Model") -> Subject:
    KERAS.builder()
    checkpoint, _ = checkpoint_of(model)
    known, names = recognise(checkpoint)
    return named(model, known, names)


def named(model: "keras.Model", known: IdentifiedNet | None, names: Mapping[str, str]) -> Subject:
    """A model whose layers have known names.

    Args:
        model: the model.
        known: what it is; None if that is unknown.
        names: {its name of a layer: the canonical name}. Names of layers whose output is not that
            of one planned layer are not used.
    """
    other = [layer.name for layer in getattr(model, "layers", ()) if _has_own_activation(layer)]
    names = {own: name for own, name in names.items() if own not in other and name != POOL}
    channels, size = _input_of(model)
    copies = _copies(model)
    float64, float32 = (_probed(copy, names) for copy in copies) if copies else (None, None)
    return Subject(
        title=f"the Keras model {model.name!r}",
        kind="Keras model",
        trace=prefer(float64, float32) if float64 and float32 else _called(model),
        float32=float32,
        naming=Naming.PARTIAL if names and copies else Naming.NONE,
        channels=known.spec.in_channels if known else channels,
        size=size,
        identified=known,
    )


def _has_own_activation(layer: Any) -> bool:
    """Whether a layer with weights, such as Conv2D, applies an activation as well."""
    import keras

    activation = getattr(layer, "activation", None)
    return bool(layer.weights) and activation not in (None, keras.activations.linear)


def _copies(model: "keras.Model") -> "tuple[keras.Model, keras.Model] | None":
    """In float64 and in float32; None for a model that is not a graph or cannot be cloned."""
    if not hasattr(model, "inputs") or not model.inputs or not model.layers:
        return None
    try:
        return in_precision(model, "float64"), in_precision(model, "float32")
    except Exception:  # a user's layer may raise anything when it is built again
        return None


def in_precision(model: "keras.Model", dtype: str) -> "keras.Model":
    """A copy of a model in which each layer's dtype policy is `dtype`.

    `keras.config.set_floatx` has no effect here: a layer's policy is fixed when it is built.
    """
    import keras

    def rebuilt(layer: Any) -> Any:
        if isinstance(layer, keras.Model) and layer.inputs:
            return in_precision(layer, dtype)
        config = layer.get_config()
        if isinstance(layer, keras.Layer):  # operations such as `ops.pad` have no policy
            config |= {"dtype": dtype}
            # The weights are overwritten, and to draw them takes most of the time.
            config |= {key: "zeros" for key in config if key.endswith("_initializer")}
        return type(layer).from_config(config)

    (source,) = model.inputs
    image = keras.Input(batch_shape=source.shape, dtype=dtype, name=source.name)
    is_nested = not isinstance(model, keras.Sequential)  # the input is a list in some files
    images = keras.tree.map_structure(lambda _: image, model.input) if is_nested else image
    clone = keras.models.clone_model(model, images, rebuilt)
    clone.name = model.name
    clone.set_weights(model.get_weights())
    return clone


def _probed(model: "keras.Model", names: Mapping[str, str]) -> Tracer:
    """The output of every layer, by its canonical name where it has one, then the network's."""
    import keras

    layers = {
        names.get(layer.name, custom_name(layer.name)): layer.output
        for layer in model.layers
        if isinstance(getattr(layer, "output", None), keras.KerasTensor)
        # The output of a nested model is that of its own graph.
        and not isinstance(layer, keras.layers.InputLayer | keras.Model)
    }
    output = model.outputs[0]
    probe = keras.Model(model.inputs[0], {**layers, "output": output})

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = probe(images.astype(model.inputs[0].dtype), training=False)
        arrays = {name: np.asarray(outputs[name]) for name in (*layers, "output")}
        return {n: to_nhwc(a, KERAS.axes) for n, a in arrays.items() if a.ndim in (2, 4)}

    return trace


def _called(model: "keras.Model") -> Tracer:
    """The output alone, in the model's own precision."""

    def trace(images: np.ndarray) -> dict[str, np.ndarray]:
        output = model(images.astype(model.compute_dtype), training=False)
        return {"output": to_nhwc(np.asarray(output), KERAS.axes)}

    return trace


def _input_of(model: "keras.Model") -> tuple[int | None, Size | None]:
    """Channels and (height, width) of the images, where the model fixes them."""
    inputs = getattr(model, "inputs", None)
    if not inputs or len(inputs[0].shape) != 4:
        return None, None
    _, height, width, channels = inputs[0].shape
    return channels, None if height is None or width is None else (height, width)
