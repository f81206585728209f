"""Keras networks whose layers nobody named: `conv2d`, `conv2d_1`, ..., in order of creation.

A block's branch is created before its projection, as in Keras' own CIFAR example and in MLPerf
Tiny's network.
"""

from collections import Counter

from resnet_duet.port.dialect import KERAS, Dialect
from resnet_spec import Plan, ResNetSpec
from resnet_spec.layers import Conv, Dense, Norm

_CLASSES = {Conv: "conv2d", Norm: "batch_normalization", Dense: "dense"}


def layer_names(plan: Plan) -> dict[str, str]:
    """Each class counts for itself; the first has no number."""
    names, counts = {}, Counter[str]()
    for layer in plan.layers():
        if word := _CLASSES.get(type(layer)):
            names[layer.name] = f"{word}_{counts[word]}" if counts[word] else word
            counts[word] += 1
    return names


def builds(spec: ResNetSpec) -> bool:
    """Everyone's own networks: any."""
    return True


DIALECT = Dialect("keras_numbered", KERAS, layer_names, builds)
