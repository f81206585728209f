"""What the name functions of several dialects have in common."""

from collections.abc import Iterable, Mapping

from resnet_spec.layers import Conv, Layer


def numbered(
    layers: Iterable[Layer], prefix: str, words: Mapping[type, str], first: int = 1
) -> dict[str, str]:
    """{canonical name: ecosystem's} of a branch, shortcut or stem that counts its convolutions.

    Args:
        layers: those of a kind without a word get no name.
        prefix: of all names.
        words: {kind of layer: word}; {} in it is the number of the convolution that the layer is
            or stands behind.
        first: number of the first convolution.
    """
    names, number = {}, first - 1
    for layer in layers:
        number += isinstance(layer, Conv)
        if word := words.get(type(layer)):
            names[layer.name] = prefix + word.format(number)
    return names


def unambiguous(spelling: Mapping[str, str]) -> Mapping[str, str]:
    """The spelling, if it keeps all names apart; else each name as it is written."""
    kept_apart = len(set(spelling.values())) == len(spelling)
    return spelling if kept_apart else {name: name for name in spelling}
