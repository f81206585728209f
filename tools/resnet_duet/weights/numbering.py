"""Helpers for dialects that number layers."""

from collections.abc import Iterable, Mapping

from resnet_spec.layers import Conv, Layer


def numbered(
    layers: Iterable[Layer], prefix: str, words: Mapping[type, str], first: int = 1
) -> dict[str, str]:
    """Names of layers in a chain that counts its convolutions.

    Args:
        layers: the layers of a branch, a shortcut or a stem.
        prefix: of all names.
        words: {layer kind: name}, where {} is the number of the convolution, or of the last
            convolution before the layer. Layers of other kinds get no name.
        first: number of the first convolution.

    Returns:
        {canonical name: the library's}.
    """
    names, number = {}, first - 1
    for layer in layers:
        number += isinstance(layer, Conv)
        if word := words.get(type(layer)):
            names[layer.name] = prefix + word.format(number)
    return names


def unambiguous(normalized: Mapping[str, str]) -> Mapping[str, str]:
    """The mapping, if its values are distinct; else each name unchanged."""
    is_distinct = len(set(normalized.values())) == len(normalized)
    return normalized if is_distinct else {name: name for name in normalized}
