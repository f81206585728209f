"""Weights that are the same bits in both frameworks, for proofs and for fair starts."""

from enum import StrEnum
from math import prod, sqrt

import numpy as np

import resnet_spec
from resnet_duet.port.dialects.torchvision import DIALECT
from resnet_spec import Role, Slot
from resnet_spec.layers import Dense


class Norms(StrEnum):
    """What the norms of a random network hold."""

    FRESH = "fresh"  # scale 1, offset 0, mean 0, variance 1: how training starts
    RANDOM = "random"  # four different arrays, as after training: a proof needs these


def random_weights(
    spec: resnet_spec.ResNetSpec | resnet_spec.Plan | str, seed: int, norms: Norms = Norms.FRESH
) -> dict[str, np.ndarray]:
    """Initial weights in the dialect "torchvision", float64; `convert` carries the same bits over.

    Kernels are He normal by fan-out (*Delving Deep into Rectifiers*), the classifier uniform in
    +-1/sqrt(fan_in), biases of convolutions 0: the distributions of both builders. With random
    norms the biases are random as well, so that no array of the network is without effect.

    Args:
        spec: the network, its plan, or its name in the zoo.
        seed: of NumPy's PCG64; the same seed gives the same bits on every machine.
        norms: FRESH, or RANDOM for proofs. Fresh norms hide a swap of scale and variance.
    """
    plan = resnet_spec.plan(spec)
    rng = np.random.default_rng(seed)
    return {name: draw(rng, slot, Norms(norms)) for name, slot in DIALECT.table(plan).items()}


def draw(rng: "np.random.Generator", slot: Slot, norms: Norms) -> np.ndarray:
    """One array, float64, with the canonical axes."""
    is_random = norms is Norms.RANDOM
    match slot.role:
        case Role.KERNEL | Role.BIAS if isinstance(slot.layer, Dense):
            return rng.uniform(-1, 1, slot.shape) / sqrt(slot.layer.in_features)
        case Role.KERNEL:
            outputs, _, *kernel = slot.shape
            return rng.standard_normal(slot.shape) * sqrt(2 / (outputs * prod(kernel)))
        case Role.SCALE | Role.VAR:
            return rng.uniform(0.5, 1.5, slot.shape) if is_random else np.ones(slot.shape)
        case Role.BIAS | Role.OFFSET | Role.MEAN:
            return 0.1 * rng.standard_normal(slot.shape) if is_random else np.zeros(slot.shape)
