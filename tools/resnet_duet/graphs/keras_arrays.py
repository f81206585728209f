"""The variables of a Keras file by their layers, for the readers of configurations."""

from collections.abc import Mapping
from dataclasses import dataclass

from resnet_duet.errors import FileError
from resnet_duet.weights.arrays import Shape

LayerPath = tuple[
    str, ...
]  # names of the models around a layer, without the outermost, and its own


@dataclass(frozen=True)
class Variable:
    """A variable of a layer.

    Attributes:
        word: Keras' name of the variable, as "kernel"; a number if the file only has the order.
        name: of its array, as in `Checkpoint.arrays`.
        shape: of its array.
    """

    word: str
    name: str
    shape: Shape


Variables = Mapping[LayerPath, tuple[Variable, ...]]


def by_word(path: LayerPath, found: tuple[Variable, ...], words: list[str]) -> dict[str, Variable]:
    """The variables of a layer by Keras' names.

    Args:
        path: of the layer.
        found: in the file, in its order.
        words: the names of the layer's variables, in Keras' order.

    Raises:
        FileError: the file has other variables than the layer.
    """
    if [variable.word for variable in found] == [str(number) for number in range(len(words))]:
        return dict(zip(words, found, strict=True))
    named = {variable.word: variable for variable in found}
    if len(named) == len(found) and set(named) == set(words):
        return named
    layer = "/".join(path)
    if not found:
        raise FileError(f"the configuration has a layer {layer}, but the file has no arrays of it")
    listed = ", ".join(variable.name for variable in found)
    raise FileError(f"the layer {layer} has {', '.join(words)}, but the file has {listed}")
