"""References among the layers of a Keras configuration: the calls of its layers.

Keras 3 writes a call as `{"args", "kwargs"}` with `__keras_tensor__` objects, Keras 1 and 2 as
lists `[layer, call, output, kwargs]`. The JSON may have any form, so each step is checked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from resnet_duet.errors import FileError

CONSTANT = "_CONSTANT_VALUE"  # Keras 2's name of a layer for a number among the inputs

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Tensor:
    """A reference to an output of a call.

    Attributes:
        layer: name of the layer in the same model.
        call: number of the layer's call, from 0.
        output: number of the output.
    """

    layer: str
    call: int
    output: int


@dataclass(frozen=True)
class Call:
    """The arguments of one call of a layer: JSON, with a `Tensor` for each reference."""

    args: tuple[Any, ...]
    kwargs: Json

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """All references in the arguments, in their order."""
        return tuple(tensors_in([*self.args, *self.kwargs.values()]))


def tensors_in(value: Any) -> Iterator[Tensor]:
    """All references in nested lists and objects."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))


def call_of(node: Any) -> Call:
    """A call, with calls of nested models counted as the file counts them."""
    if isinstance(node, dict):
        values, named = _parsed(node.get("args", [])), _parsed(node.get("kwargs", {}))
        if not isinstance(values, list) or not isinstance(named, dict):
            raise damaged("a call has no arguments")
        return Call(tuple(values), named)
    items = [node] if _is_reference(node) else node
    if not isinstance(items, list) or not items or not all(map(_is_reference, items)):
        raise damaged("a call is of another form")
    args = [item[2] if item[0] == CONSTANT else Tensor(*item[:3]) for item in items]
    kwargs: dict[str, Any] = {}
    for item in items:
        kwargs |= item[3] if len(item) > 3 else {}
    parsed = {key: _with_references(value) for key, value in kwargs.items()}
    return Call(tuple(args) if len(args) == 1 else (args,), parsed)


def _is_reference(value: Any) -> bool:
    """Whether a list is `[layer, call, output]`, with or without keyword arguments."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and (value[0] == CONSTANT or all(type(number) is int for number in value[1:3]))
        and isinstance(value[3] if len(value) > 3 else {}, dict)
    )


def _with_references(value: Any) -> Any:
    """Keyword arguments of Keras 2, in which a tensor is a list as well."""
    if _is_reference(value):
        return Tensor(*value[:3])
    return [_with_references(item) for item in value] if isinstance(value, list) else value


def _parsed(value: Any) -> Any:
    """JSON of Keras 3 with a `Tensor` for each `__keras_tensor__`."""
    if isinstance(value, list):
        return [_parsed(item) for item in value]
    if not isinstance(value, dict):
        return value
    config = value.get("config")
    if value.get("class_name") == "__keras_tensor__" and isinstance(config, dict):
        history = config.get("keras_history")
        if not isinstance(history, list) or not _is_reference(history):
            raise damaged("a tensor has no 'keras_history'")
        return Tensor(*history[:3])
    if value.get("class_name") == "__tuple__" and isinstance(config, dict):
        return _parsed(config.get("items"))
    return {key: _parsed(item) for key, item in value.items()}


def references(value: Any) -> list[Tensor]:
    """Inputs or outputs of a model: one reference, or lists or objects of them."""
    if _is_reference(value):
        return [Tensor(*value[:3])]
    if not isinstance(value, list | dict):
        raise damaged("the inputs or outputs of a model are missing")
    items = value.values() if isinstance(value, dict) else value
    return [tensor for item in items for tensor in references(item)]


def damaged(what: str) -> FileError:
    """The error for a configuration of another form."""
    return FileError(f"not a Keras configuration, or corrupted: {what}")
