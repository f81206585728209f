"""Translates the calls of a PyTorch program, in their order, to the operations of a graph."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from resnet_duet.graphs.operations import (
    IMAGE,
    AddBias,
    AnyWeight,
    BatchNorm,
    Convolution,
    Foreign,
    FullyConnected,
    Kind,
    Operation,
    Subsample,
    Weight,
)
from resnet_duet.graphs.torch_operators import ALIASES, VIEWS, translate
from resnet_duet.graphs.torch_values import Call, Made, Map, Reference, UnknownCallError, Value
from resnet_duet.weights.arrays import Shape
from resnet_spec.layers import Role


@dataclass(frozen=True)
class Step:
    """An operation, and the shape of what it reads, at the image size of one reading.

    Attributes:
        operation: as the graph has it.
        shape: of its first input; () if it reads nothing.
    """

    operation: Operation
    shape: Shape


Groups = dict[Hashable, set[Hashable]]


class Program:
    """Follows the values of a program, and makes an operation of each call that computes one.

    A call in place changes its tensor, and with it all tensors that share its memory. So keys of
    tensors, not the names of operations, are what the program is followed by.
    """

    def __init__(self, image: Hashable, shape: Shape):
        self._values: dict[Hashable, Value] = {image: Map(IMAGE, shape)}
        self._sharing: Groups = {image: {image}}  # {tensor: those that may share its memory}
        self._same: Groups = {image: {image}}  # {tensor: those that are the same tensor}
        self._steps: dict[str, Step] = {}
        self._read: set[str] = set()  # names of the arrays that an operation has already

    def __contains__(self, key: Hashable) -> bool:
        """Whether this key is a tensor that the program has."""
        return key in self._values

    def define(self, key: Hashable, value: Value) -> None:
        """Add an array."""
        self._values[key], self._sharing[key], self._same[key] = value, {key}, {key}

    def add(self, call: Call) -> None:
        """Add the next call."""
        operator = call.operator.removesuffix("_") if call.is_inplace else call.operator
        keys = list(dict.fromkeys(_references(call.arguments.values())))
        arguments = {name: self._resolve(value) for name, value in call.arguments.items()}
        shape = call.outputs[0][1] if call.outputs else ()
        try:
            made = translate(operator, arguments, shape)
        except UnknownCallError as problem:
            made = self._foreign(str(problem), problem.instead, keys)
        foreign = isinstance(made, Made) and isinstance(made.kind, Foreign)
        value = self._value(made, call, shape)
        if call.is_inplace and keys:
            self._change(keys[0], value)
        for number, (key, size) in enumerate(call.outputs):
            if call.is_inplace and key in self._values:
                continue
            view = operator in VIEWS or call.is_inplace
            alias = operator in ALIASES and keys and self._values[keys[0]] == value
            _merge(self._sharing, key, keys if foreign else keys[:1] if view else [])
            _merge(self._same, key, keys[:1] if alias or call.is_inplace else [])
            self._values[key] = value if number == 0 else self._further(value, number, size)

    def finish(self, outputs: Iterable[Hashable]) -> tuple[tuple[Step, ...], tuple[str, ...]]:
        """The operations that the outputs need, and the names of the outputs' operations."""
        ends = []
        for key in outputs:
            value = self._values[key]
            if not isinstance(value, Map):
                made = self._foreign("an output that does not depend on the image", "", [])
                value = self._value(made, Call("output", {}, (), ""), ())
                assert isinstance(value, Map)
            ends.append(value.name)
        needed, waiting = {IMAGE}, list(ends)
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting += self._steps[name].operation.inputs
        return tuple(s for name, s in self._steps.items() if name in needed), tuple(ends)

    def _resolve(self, value: object) -> object:
        match value:
            case Reference(key):
                return self._values[key]
            case list() | tuple():
                return [self._resolve(item) for item in value]
        return value

    def _foreign(self, text: str, instead: str, keys: Sequence[Hashable]) -> Made:
        values = [self._values[key] for key in keys]
        return Made(Foreign(text, instead), tuple(v for v in values if isinstance(v, Map)))

    def _value(self, made: Made | Value, call: Call, shape: Shape) -> Value:
        """The value of a translated call; a new operation if it computes something."""
        if not isinstance(made, Made):
            return made
        kind, inputs = self._joined(made.kind, made.inputs)
        arrays = _arrays(kind)
        if again := [array for array in arrays if array in self._read]:
            kind = Foreign(f"a second use of the weights {again[0]}", "weights of each layer")
        self._read.update(arrays)
        name = self._unique(_name(arrays, call) if inputs else call.operator)
        operation = Operation(name, kind, tuple(item.name for item in inputs))
        self._steps[name] = Step(operation, inputs[0].shape if inputs else ())
        return Map(name, shape)

    def _joined(self, kind: Kind, inputs: tuple[Map, ...]) -> tuple[Kind, tuple[Map, ...]]:
        """One Subsample of two, for rows and for columns; any other operation as it is."""
        step = self._steps.get(inputs[0].name) if len(inputs) == 1 else None
        if isinstance(kind, Subsample) and step and isinstance(step.operation.kind, Subsample):
            rows, columns = step.operation.kind.strides
            strides = (kind.strides[0] * rows, kind.strides[1] * columns)
            return Subsample(strides), (Map(step.operation.inputs[0], step.shape),)
        return kind, inputs

    def _further(self, value: Value, number: int, shape: Shape) -> Value:
        """A further output of a call: indices of a pool, statistics of a batch."""
        inputs = (value,) if isinstance(value, Map) else ()
        name = self._unique(f"{value.name if isinstance(value, Map) else 'value'}.{number}")
        kind = Foreign(f"output {number} of an operation")
        operation = Operation(name, kind, tuple(item.name for item in inputs))
        self._steps[name] = Step(operation, inputs[0].shape if inputs else ())
        return Map(name, shape)

    def _change(self, key: Hashable, value: Value) -> None:
        """Set the value of a tensor that a call changes, and of all that share its memory."""
        for other in self._sharing[key] - self._same[key]:
            made = self._foreign("a view of a tensor that is changed in place", "", [other])
            shape = self._values[other].shape
            self._values[other] = self._value(made, Call("view", {}, (), ""), shape)
        for same in self._same[key]:
            self._values[same] = value

    def _unique(self, name: str) -> str:
        if name not in self._steps and name != IMAGE:
            return name
        number = 2
        while f"{name}_{number}" in self._steps:
            number += 1
        return f"{name}_{number}"


def _merge(groups: Groups, key: Hashable, others: Iterable[Hashable]) -> None:
    """Put a new tensor, and the groups of others, into one group."""
    group = {key}.union(*(groups[other] for other in others))
    for member in group:
        groups[member] = group


def rename(step: Step, names: Mapping[str, str]) -> Step:
    """The step with other names of what it reads."""
    inputs = tuple(names.get(name, name) for name in step.operation.inputs)
    return replace(step, operation=replace(step.operation, inputs=inputs))


def _references(values: Iterable[object]) -> Iterable[Hashable]:
    """The keys of all tensors among the arguments."""
    for value in values:
        match value:
            case Reference(key):
                yield key
            case list() | tuple():
                yield from _references(value)


def _arrays(kind: Kind) -> list[str]:
    """The names of the arrays that an operation reads, the kernel first."""
    match kind:
        case Convolution(kernel=kernel, bias=bias) | FullyConnected(kernel=kernel, bias=bias):
            weights: list[AnyWeight | None] = [kernel, bias]
        case BatchNorm(weights=norm):
            weights = [norm[role] for role in (Role.SCALE, Role.MEAN, Role.OFFSET, Role.VAR)]
        case AddBias(bias=bias):
            weights = [bias]
        case _:
            weights = []
    return [weight.name for weight in weights if isinstance(weight, Weight)]


def _name(arrays: Sequence[str], call: Call) -> str:
    """The name of an operation: of the layer that owns its arrays, or of the module that calls."""
    owner = arrays[0].rpartition(".")[0] if arrays else ""
    return owner or call.place or call.operator.strip("_")
