"""Biases of convolutions, folded into the means of the norms behind them, or added as zeros.

A norm subtracts its mean from what the convolution and its bias gave, so a bias b and a mean m are
the same function as no bias and the mean m - b. keras.applications has biases everywhere, most
other ResNets have none before a norm.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

import resnet_spec
from resnet_duet.port.arrays import Arrays, Entry
from resnet_duet.port.dialect import Dialect
from resnet_duet.port.dialects import DIALECTS
from resnet_spec import Bias, Plan, ResNetSpec, Role
from resnet_spec.layers import Conv, Layer, Norm
from resnet_spec.slots import layer_slots

CANONICAL = "torchvision"  # in whose names biases are folded


def folded(arrays: Arrays, spec: ResNetSpec) -> tuple[Arrays, ResNetSpec]:
    """The same function with the other convention of biases, and its spec.

    Args:
        arrays: in the dialect "torchvision".
        spec: their network. Biases before norms are folded away where it has them everywhere,
            else biases of zero are added everywhere.
    """
    if spec.bias is Bias.ALWAYS:
        return _without_biases(arrays, spec), _bare(spec)
    return _with_zeros(arrays, spec), replace(spec, bias=Bias.ALWAYS)


def _bare(spec: ResNetSpec) -> ResNetSpec:
    """The network with biases only where no norm follows: usually there is no such place."""
    needed = replace(spec, bias=Bias.WITHOUT_NORM)
    never = replace(spec, bias=Bias.NEVER)
    same = resnet_spec.slots(resnet_spec.plan(needed)) == resnet_spec.slots(resnet_spec.plan(never))
    return never if same else needed


def _without_biases(arrays: Arrays, spec: ResNetSpec) -> Arrays:
    own = DIALECTS[CANONICAL]
    entries = dict(arrays.entries)
    for conv, norm in _normed(resnet_spec.plan(spec)):
        bias = entries.pop(own.array_name(conv.name, Role.BIAS))
        mean = own.array_name(norm.name, Role.MEAN)
        entries[mean] = _difference(entries[mean], bias)
    return Arrays(entries)


def _with_zeros(arrays: Arrays, spec: ResNetSpec) -> Arrays:
    own: Dialect = DIALECTS[CANONICAL]
    entries = dict(arrays.entries)
    for layer in resnet_spec.plan(replace(spec, bias=Bias.ALWAYS)).layers():
        for slot in layer_slots(layer) if isinstance(layer, Conv) else ():
            if (name := own.array_name(layer.name, slot.role)) not in entries:
                kernel = entries[own.array_name(layer.name, Role.KERNEL)]
                entries |= Arrays.of({name: np.zeros(slot.shape, kernel.dtype)}).entries
    return Arrays(entries)


def _normed(plan: Plan) -> Iterator[tuple[Conv, Norm]]:
    """Every convolution with the norm behind it."""
    chains: list[tuple[Layer, ...]] = [plan.stem]
    for block in plan.blocks():
        chains += [block.branch, block.shortcut or ()]
    for chain in chains:
        for layer, follower in pairwise(chain):
            if isinstance(layer, Conv) and isinstance(follower, Norm):
                yield layer, follower


def _difference(mean: Entry, bias: Entry) -> Entry:
    """mean - bias, rounded once."""

    def read() -> np.ndarray:
        wide = mean.read().astype(np.float64) - bias.read().astype(np.float64)
        return wide.astype(mean.dtype)

    return Entry(mean.shape, mean.dtype, read)
