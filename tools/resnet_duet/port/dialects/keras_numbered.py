"""Keras networks whose layers nobody named: `conv2d`, `conv2d_1`, ..., in order of creation.

A block's branch is created before its projection, as in Keras' own CIFAR example and in MLPerf
Tiny's network; both add the branch to the shortcut.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from resnet_duet.port.dialect import KERAS_SHORTCUT_FIRST, Dialect
from resnet_duet.port.habit import adopt
from resnet_spec import Padding, Plan, ResNetSpec, StemPool
from resnet_spec.layers import Conv, Dense, Norm

CLASSES = {Conv: "conv2d", Norm: "batch_normalization", Dense: "dense"}
FORMER = {  # words of Keras 1 and of TensorFlow 1.13
    "convolution2d": "conv2d",
    "batchnormalization": "batch_normalization",
    "batch_normalization_v1": "batch_normalization",
}
HABITS = {
    "stem.pool": StemPool.SAME,
    "padding": Padding.SAME,
    "norm_eps": 1e-3,
    "norm_decay": 0.99,
}


def layer_names(plan: Plan) -> dict[str, str]:
    """Each class counts for itself; the first has no number."""
    names, counts = {}, Counter[str]()
    for layer in plan.layers():
        if word := CLASSES.get(type(layer)):
            names[layer.name] = _nth(word, counts[word])
            counts[word] += 1
    return names


def _nth(word: str, index: int) -> str:
    return f"{word}_{index}" if index else word


def spelling(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """Keras counts a class through a whole session, so a file may begin at any number."""
    counted: dict[str, list[tuple[int, str, str]]] = {word: [] for word in CLASSES.values()}
    for layer in {name.rpartition("/")[0] for name in names}:
        word, number = _word_and_number(layer)
        if word in counted:
            counted[word].append((len(number), number, layer))  # in the order of the numbers
    renamed = {
        layer: _nth(word, index)
        for word, layers in counted.items()
        for index, (*_, layer) in enumerate(sorted(layers))
    }
    parts = {name: name.rpartition("/") for name in names}
    return {
        name: renamed.get(layer, layer) + separator + word
        for name, (layer, separator, word) in parts.items()
    }


def _word_and_number(layer: str) -> tuple[str, str]:
    """`conv2d_7` is ("conv2d", "7"), `conv2d` is ("conv2d", "")."""
    word, _, number = layer.rpartition("_")
    if not number.isdecimal():
        word, number = layer, ""
    return FORMER.get(word, word), number


def usual(spec: ResNetSpec) -> ResNetSpec:
    """What Keras' layers do where nothing is said."""
    return adopt(spec, HABITS, layer_names)


DIALECT = Dialect("keras_numbered", KERAS_SHORTCUT_FIRST, layer_names, usual, spelling)
