"""Keras networks with automatic names: `conv2d`, `conv2d_1`, ..., in order of creation.

A block's branch is created before its projection, as in Keras' own CIFAR example and in MLPerf
Tiny's network. Both add the branch to the shortcut.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from resnet_duet.weights.conventions import apply_conventions
from resnet_duet.weights.dialect import KERAS_SHORTCUT_FIRST, Dialect
from resnet_spec import Padding, Plan, ResNetSpec, StemPool
from resnet_spec.layers import Conv, Dense, Norm

CLASSES = {Conv: "conv2d", Norm: "batch_normalization", Dense: "dense"}
FORMER = {  # names in Keras 1 and in TensorFlow 1.13
    "convolution2d": "conv2d",
    "batchnormalization": "batch_normalization",
    "batch_normalization_v1": "batch_normalization",
}
CONVENTIONS = {
    "stem.pool": StemPool.SAME,
    "padding": Padding.SAME,
    "norm_eps": 1e-3,
    "norm_decay": 0.99,
}


def layer_names(plan: Plan) -> dict[str, str]:
    """Each class has a counter. The first layer of a class has no number."""
    names, counts = {}, Counter[str]()
    for layer in plan.layers():
        if word := CLASSES.get(type(layer)):
            names[layer.name] = _nth(word, counts[word])
            counts[word] += 1
    return names


def _nth(word: str, index: int) -> str:
    return f"{word}_{index}" if index else word


def normalize_names(names: Collection[str], plan: Plan) -> Mapping[str, str]:
    """Keras counts the layers of a whole session, so a file may start at any number."""
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


def default_spec(spec: ResNetSpec) -> ResNetSpec:
    """The defaults of Keras' layers."""
    return apply_conventions(spec, CONVENTIONS, layer_names)


DIALECT = Dialect(
    "keras_numbered", KERAS_SHORTCUT_FIRST, layer_names, default_spec, normalize_names
)
