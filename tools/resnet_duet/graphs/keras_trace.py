"""Tracing a live Keras 3 model: which stock layers and operations it runs, on which tensors.

Custom layers and models are followed into their `call`. It runs on symbolic tensors, so layers,
`keras.ops` and operators such as `x + y` are all recorded. A layer whose `call` does not run on
symbolic tensors is recorded as a whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from resnet_spec import ResNetError

STOCK = ("keras", "keras.src")  # packages of Keras' own classes


@dataclass(frozen=True)
class Record:
    """One call of a layer or an operation.

    Attributes:
        operation: the Keras object.
        args, kwargs: of the call.
        outputs: symbolic tensors.
        opaque: whether the object is of a class that cannot be followed.
    """

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: tuple[Any, ...]
    opaque: bool


@dataclass(frozen=True)
class Trace:
    """What a model runs.

    Attributes:
        image: the symbolic tensor of the images.
        records: in execution order.
        outputs: symbolic tensors.
    """

    image: Any
    records: tuple[Record, ...]
    outputs: tuple[Any, ...]


def trace(model: Any) -> Trace:
    """Run a model on a symbolic image in inference.

    Raises:
        ResNetError: the model has not been built, or has more than one input.
    """
    import keras

    if not model.built:
        raise ResNetError("the model has no weights yet: call it on an image first")
    image = keras.Input(batch_shape=_image_shape(model), dtype=model.compute_dtype)
    images = image
    if getattr(model, "inputs", None):  # in a list of one, in a file of Keras 2
        images = keras.tree.map_structure(lambda _: image, model.input)
    records: list[Record] = []
    with _recording(records):
        outputs = model(images, training=False)
    return Trace(image, tuple(records), tuple(keras.tree.flatten(outputs)))


def _image_shape(model: Any) -> tuple[int | None, ...]:
    """The shape of the images with which a model was built."""
    if getattr(model, "inputs", None):
        shapes = [tuple(tensor.shape) for tensor in model.inputs]
    else:
        built = (model.get_build_config() or {}).get("input_shape")
        shapes = [tuple(built)] if built and not isinstance(built[0], list | tuple | dict) else []
    if len(shapes) != 1:
        raise ResNetError("the model has more than one input, or was built without an image")
    return (None, *shapes[0][1:])


def is_stock(value: Any) -> bool:
    """Whether an object is of a class of Keras itself, with the behaviour of its class."""
    module = type(value).__module__
    return (module in STOCK or module.startswith("keras.src.")) and "call" not in vars(value)


@contextmanager
def _recording(records: list[Record]) -> Iterator[None]:
    """Record each symbolic call of a layer or operation; follow custom layers and models."""
    import keras

    nodes: dict[int, tuple[Any, int, int]] = {}  # {id: (object, its numbers of nodes before)}

    def remember(operation: Any) -> None:
        counts = (len(operation._inbound_nodes), len(operation._outbound_nodes))
        nodes.setdefault(id(operation), (operation, *counts))

    def symbolic_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        remember(self)
        is_model = isinstance(self, keras.Model)
        is_custom = isinstance(self, keras.layers.Layer) and (is_model or not is_stock(self))
        count = len(records)
        if is_custom:
            try:
                return self.call(*args, **kwargs)
            except Exception:  # custom code may raise anything on a symbolic tensor
                del records[count:]
        outputs = self.compute_output_spec(*args, **kwargs)
        del records[count:]  # computing a shape may have called other layers
        flat = tuple(keras.tree.flatten(outputs))
        records.append(Record(self, args, kwargs, flat, is_custom or not is_stock(self)))
        return outputs

    classes = (keras.Operation, keras.layers.Layer)
    originals = [cls.symbolic_call for cls in classes]
    for cls in classes:
        cls.symbolic_call = symbolic_call
    try:
        yield
    finally:
        for cls, original in zip(classes, originals, strict=True):
            cls.symbolic_call = original
        for operation, inbound, outbound in nodes.values():
            del operation._inbound_nodes[inbound:]
            del operation._outbound_nodes[outbound:]
