"""A Keras model's configuration as a graph, without Keras."""

from collections import Counter
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from resnet_duet.errors import FileError
from resnet_duet.graphs.keras_arrays import LayerPath, Variables
from resnet_duet.graphs.keras_call import LayerCall, Value
from resnet_duet.graphs.keras_classes import INSTEAD, READERS
from resnet_duet.graphs.keras_references import Call, Tensor
from resnet_duet.graphs.keras_settings import ForeignError, plain
from resnet_duet.graphs.keras_shapes import shape_after
from resnet_duet.graphs.keras_tree import INPUT, Layer, Model, Shape, model_of
from resnet_duet.graphs.operations import IMAGE, Foreign, Graph, Kind, Operation, UserLayer

SOURCE = "Keras configuration"
KERAS_MODULES = ("keras", "tf_keras", "tensorflow")

SUFFIXES = {"Rectifier": "relu", "Softmax": "softmax", "Flatten": "flatten"}  # of second operations


def read(config: Any, variables: Variables) -> Graph | None:
    """The graph of a whole model.

    Args:
        config: the parsed JSON of the model: Functional, Model or Sequential.
        variables: {path of a layer: its variables}.

    Returns:
        None for a model of the user's own class, which the JSON does not describe.

    Raises:
        FileError: JSON of another form, or arrays that do not fit it.
    """
    model = model_of(config)
    return None if model is None else graph_of(model, variables)


def graph_of(model: Model, variables: Variables, source: str = SOURCE) -> Graph:
    """`read` for a configuration that is parsed."""
    reader = _Reader(variables)
    images = [Value(IMAGE, _image_shape(model.layers[name])) for name in model.inputs[:1]]
    if len(model.inputs) > 1:
        text = f"a network with {len(model.inputs)} inputs"
        images = [reader.add("inputs", [Foreign(text, "one input")], [])] * len(model.inputs)
    outputs = reader.model(model, (), images)
    return Graph(source, tuple(reader.operations), tuple(value.operation for value in outputs))


def _image_shape(layer: Layer) -> Shape:
    """The shape of an input layer's images; () if the configuration does not have it."""
    shape = layer.config.get("batch_shape", layer.config.get("batch_input_shape"))
    if not isinstance(shape, list) or not shape:
        return ()
    return tuple(size if type(size) is int else None for size in shape)


class _Reader:
    """The operations that are read so far."""

    def __init__(self, variables: Variables):
        self.variables = variables
        self.operations: list[Operation] = []
        self.names: set[str] = {IMAGE}
        self.calls = Counter[LayerPath]()

    def model(self, model: Model, path: LayerPath, inputs: list[Value]) -> list[Value]:
        """Add the operations of a model, and return its outputs."""
        values: dict[tuple[str, int], list[Value]] = {}
        for name, value in zip(model.inputs, inputs, strict=True):
            values[name, 0] = [value]
        for name, number in _order(model):
            if (name, number) not in values:
                layer = model.layers[name]
                call = layer.calls[number] if layer.calls else Call((), {})
                found = [_output(values, tensor) for tensor in call.tensors]
                values[name, number] = self.layer(layer, (*path, name), call, found)
        return [_output(values, tensor) for tensor in model.outputs]

    def layer(self, layer: Layer, path: LayerPath, call: Call, inputs: list[Value]) -> list[Value]:
        """Add the operations of one call of a layer, and return its outputs."""
        name = "/".join(path)
        try:
            if layer.model is not None:
                return self.model(layer.model, path, _model_inputs(layer, call, inputs))
            if layer.class_name not in READERS or _is_user_module(layer.module):
                raise ForeignError(_text(layer), INSTEAD.get(layer.class_name, ""))
            variables = self.variables.get(path, ())
            self.calls[path] += 1
            if variables and self.calls[path] > 1:
                raise ForeignError(f"{layer.class_name} that is applied {self.calls[path]} times")
            if not inputs:
                raise ForeignError(f"{layer.class_name} without an input")
            kinds = READERS[layer.class_name](
                LayerCall(layer, path, call, tuple(inputs), variables)
            )
        except ForeignError as error:
            kind = UserLayer if _is_user_class(layer) else Foreign
            kinds = [kind(error.text, error.instead)]
        return [self.add(name, kinds, inputs)]

    def add(self, name: str, kinds: list[Kind], inputs: list[Value]) -> Value:
        """Add operations, each of which reads the one before."""
        for number, kind in enumerate(kinds):
            own = f"{name}.{SUFFIXES.get(type(kind).__name__, 'then')}" if number else name
            unique, count = own, 0
            while unique in self.names:
                count += 1
                unique = f"{own}:{count}"
            self.names.add(unique)
            read = tuple(value.operation for value in inputs)
            self.operations.append(Operation(unique, kind, read))
            is_foreign = isinstance(kind, Foreign)
            shape = () if is_foreign else shape_after(kind, inputs[0].shape)
            inputs = [Value(unique, shape)]
        return inputs[0]


def _output(values: Mapping[tuple[str, int], list[Value]], tensor: Tensor) -> Value:
    """A value that is computed. A layer that is not understood has one for all its outputs."""
    outputs = values[tensor.layer, tensor.call]
    if tensor.output >= len(outputs) and outputs[0].shape:
        raise FileError(f"not a Keras configuration: {tensor.layer} has no output {tensor.output}")
    return outputs[min(tensor.output, len(outputs) - 1)]


def _order(model: Model) -> list[tuple[str, int]]:
    """The calls (layer, number) of a model, each after those whose outputs it reads."""
    before = {
        (layer.name, number): [(tensor.layer, tensor.call) for tensor in call.tensors]
        for layer in model.layers.values()
        for number, call in enumerate(layer.calls or (Call((), {}),))
    }
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        raise FileError("not a Keras configuration: its layers form a cycle") from error


def _model_inputs(layer: Layer, call: Call, inputs: list[Value]) -> list[Value]:
    """The inputs of a model that is called as a layer. Raises ForeignError: it is trained."""
    assert layer.model is not None
    training = call.kwargs.get("training")
    if training not in (None, False):
        raise ForeignError(f"{layer.class_name} called with training={plain(training)}")
    others = [key for key, value in call.kwargs.items() if key != "training" and value is not None]
    if others:
        raise ForeignError(f"{layer.class_name} called with {others[0]}")
    if len(inputs) != 1 or len(layer.model.inputs) != 1:
        raise ForeignError(f"{layer.class_name} with {len(layer.model.inputs)} inputs", "one input")
    return inputs


def _is_user_class(layer: Layer) -> bool:
    """Whether the layer's class is not known as one of Keras'. HDF5 files name no module."""
    if layer.model is not None or layer.class_name == INPUT:
        return False
    is_known = layer.class_name in READERS or layer.class_name in INSTEAD
    return _is_user_module(layer.module) or (not layer.module and not is_known)


def _is_user_module(module: str) -> bool:
    """Whether a class is defined in another module than Keras', even under the name of Keras'."""
    return bool(module) and module.split(".")[0] not in KERAS_MODULES


def _text(layer: Layer) -> str:
    """A layer of an unknown class with its settings, for people."""
    if layer.class_name == INPUT:
        return "an input that the network does not list"
    keys = ("alpha", "negative_slope", "rate", "axis", "groups")
    settings = [plain(layer.config[key]) for key in keys if layer.config.get(key) is not None]
    return f"{layer.class_name}({', '.join(settings)})" if settings else layer.class_name
