"""Random weights with the same bits in every framework, for comparisons and equal starts."""

from enum import StrEnum
from math import prod, sqrt

import numpy as np

import resnet_spec
from resnet_duet.weights.dialects.torchvision import DIALECT
from resnet_spec import ArraySpec, Plan, ResNetSpec, Role
from resnet_spec.initial import last_norms
from resnet_spec.layers import Dense


class Norms(StrEnum):
    """The arrays of the batch normalisations of a random network."""

    INITIAL = "initial"  # scale 1, offset 0, mean 0, variance 1, as at the start of training
    ZERO_LAST = "zero_last"  # the same, but the last norm of each branch has scale 0
    RANDOM = "random"  # four different arrays, as after training; comparisons need these


def random_weights(
    spec: ResNetSpec | Plan | str, seed: int, norms: Norms | str = Norms.INITIAL
) -> dict[str, np.ndarray]:
    """Initial weights in the dialect "torchvision", float64. `convert` keeps their bits.

    Kernels are He normal by fan-out (*Delving Deep into Rectifiers*), the classifier is uniform in
    +-1/sqrt(fan_in), biases of convolutions are 0: the distributions of both builders. With random
    norms these biases are random too, so that every array has an effect.

    Args:
        spec: the network: a spec, a plan, or a name of the zoo.
        seed: of NumPy's PCG64. The same seed gives the same bits on every machine.
        norms: "initial"; "zero_last" for the same with scale 0 in the last norm of each branch; or
            "random" for comparisons: initial norms hide some mistakes, such as swapped scale and
            variance.

    Returns:
        {array name: float64 array}.

    Raises:
        SpecError: there is no such network in the zoo, or its branches do not end in a norm, which
            "zero_last" needs.
    """
    plan, chosen = resnet_spec.plan(spec), Norms(norms)
    rng = np.random.default_rng(seed)
    weights = {name: draw(rng, array, chosen) for name, array in DIALECT.table(plan).items()}
    if chosen is Norms.ZERO_LAST:
        for norm in last_norms(plan):
            weights[DIALECT.array_name(norm.name, Role.SCALE)] = np.zeros(norm.channels)
    return weights


def draw(rng: "np.random.Generator", array: ArraySpec, norms: Norms) -> np.ndarray:
    """One random array, float64, in its canonical layout.

    Args:
        rng: the source of random numbers.
        array: the array.
        norms: the distribution of the arrays of norms, and of convolutions' biases.
    """
    is_random = norms is Norms.RANDOM
    match array.role:
        case Role.KERNEL | Role.BIAS if isinstance(array.layer, Dense):
            return rng.uniform(-1, 1, array.shape) / sqrt(array.layer.in_features)
        case Role.KERNEL:
            outputs, _, *kernel = array.shape
            return rng.standard_normal(array.shape) * sqrt(2 / (outputs * prod(kernel)))
        case Role.SCALE | Role.VAR:
            return rng.uniform(0.5, 1.5, array.shape) if is_random else np.ones(array.shape)
        case Role.BIAS | Role.OFFSET | Role.MEAN:
            return 0.1 * rng.standard_normal(array.shape) if is_random else np.zeros(array.shape)
