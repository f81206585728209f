"""Fold biases of convolutions into the means of the norms after them, or add biases of zero.

A norm subtracts its mean from the output of the convolution, so a bias b and a mean m compute the
same as no bias and the mean m - b. keras.applications V1 has biases everywhere, most other ResNets
have none before a norm.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

import resnet_spec
from resnet_duet.weights.arrays import Arrays, Entry
from resnet_duet.weights.dialects.torchvision import DIALECT
from resnet_spec import ArraySpec, Bias, PlaceBias, Plan, ResNetSpec, Role
from resnet_spec.layers import Conv, Norm
from resnet_spec.rules import override

CANONICAL = DIALECT.name  # the dialect in which biases are folded


def folded(arrays: Arrays, spec: ResNetSpec) -> tuple[Arrays, ResNetSpec]:
    """The same function with the other convention of biases.

    Args:
        arrays: in the dialect "torchvision".
        spec: their network. If a convolution before a norm has a bias, the biases before norms
            are folded away; else biases of zero are added to all convolutions.

    Returns:
        The arrays in the dialect "torchvision", and their network.
    """
    if any(conv.bias for conv, _ in _conv_norm_pairs(resnet_spec.plan(spec))):
        return _without_biases(arrays, spec), _bare(spec)
    return _with_zeros(arrays, spec), _everywhere(spec)


def _everywhere(spec: ResNetSpec) -> ResNetSpec:
    """The network with a bias in every convolution."""
    as_branch = {"stem.bias": PlaceBias.AS_BRANCH, "shortcut.bias": PlaceBias.AS_BRANCH}
    return override(spec, {"bias": Bias.ALWAYS, **as_branch})


def _bare(spec: ResNetSpec) -> ResNetSpec:
    """The network without the biases before norms. Most networks have no others."""

    def arrays(other: ResNetSpec) -> tuple[ArraySpec, ...]:
        return resnet_spec.array_specs(resnet_spec.plan(other))

    places = {"bias": spec.bias, "stem.bias": spec.stem_bias, "shortcut.bias": spec.projection_bias}
    bare = {
        path: Bias.NEVER if bias is Bias.NEVER else Bias.WITHOUT_NORM
        for path, bias in places.items()
    }
    needed, never = override(spec, bare), override(spec, dict.fromkeys(places, Bias.NEVER))
    return never if arrays(needed) == arrays(never) else needed


def _without_biases(arrays: Arrays, spec: ResNetSpec) -> Arrays:
    entries = dict(arrays.entries)
    for conv, norm in _conv_norm_pairs(resnet_spec.plan(spec)):
        if conv.bias:
            bias = entries.pop(DIALECT.array_name(conv.name, Role.BIAS))
            mean = DIALECT.array_name(norm.name, Role.MEAN)
            entries[mean] = _difference(entries[mean], bias)
    return Arrays(entries)


def _with_zeros(arrays: Arrays, spec: ResNetSpec) -> Arrays:
    table = DIALECT.table(resnet_spec.plan(_everywhere(spec)))
    added = {}
    for name, array in table.items():
        if name not in arrays.entries:
            kernel = arrays.entries[DIALECT.array_name(array.layer.name, Role.KERNEL)]
            added[name] = np.zeros(array.shape, kernel.dtype)
    return Arrays(arrays.entries | Arrays.of(added).entries)


def _conv_norm_pairs(plan: Plan) -> Iterator[tuple[Conv, Norm]]:
    """Every convolution that a norm follows, with that norm."""
    for before, after in pairwise(plan.walk()):
        if after.inputs != (before.name,) or before.chain is not after.chain:
            continue
        if isinstance(before.layer, Conv) and isinstance(after.layer, Norm):
            yield before.layer, after.layer


def _difference(mean: Entry, bias: Entry) -> Entry:
    """mean - bias, rounded once."""

    def read() -> np.ndarray:
        wide = mean.read().astype(np.float64) - bias.read().astype(np.float64)
        return wide.astype(mean.dtype)

    return Entry(mean.shape, mean.dtype, read)
