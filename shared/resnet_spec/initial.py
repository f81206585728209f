"""The initial weights of a network: the choices of `build`, checked in one place."""

from enum import StrEnum
from typing import Literal

from resnet_spec.errors import SpecError
from resnet_spec.layers import Conv, Layers, Norm
from resnet_spec.structure import Plan

Initial = Literal["random", "zero_last_norm", "empty"]  # of `InitialWeights`, for type checkers


class InitialWeights(StrEnum):
    """The weights of a new network."""

    RANDOM = "random"  # kernels He normal by fan-out, norms with scale 1 and offset 0
    ZERO_LAST_NORM = "zero_last_norm"  # the same, but the last norm of each branch has scale 0
    EMPTY = "empty"  # any values, to be overwritten; no random numbers are drawn


def initial_weights(initial: str, plan: Plan) -> InitialWeights:
    """The choice with this name, checked for a network.

    Args:
        initial: "random", "zero_last_norm" or "empty".
        plan: the network.

    Raises:
        SpecError: any other text, or the network has a branch that does not end in a norm, which
            "zero_last_norm" needs.
    """
    try:
        chosen = InitialWeights(initial)
    except ValueError as error:
        known = ", ".join(InitialWeights)
        raise SpecError([f"initial must be one of {known}, not {initial!r}"]) from error
    if chosen is InitialWeights.ZERO_LAST_NORM:
        last_norms(plan)
    return chosen


def last_norms(plan: Plan) -> tuple[Norm, ...]:
    """The norm after the last convolution of each block's branch.

    With scale 0 each block starts as its shortcut (Goyal et al., *Accurate, Large Minibatch SGD*,
    5.1; torchvision's `zero_init_residual`).

    Raises:
        SpecError: no norm follows the last convolution, because of the ordering or because the
            network has no norms.
    """
    found = [norm for block in plan.blocks() for norm in _after_last_conv(block.branch)]
    if len(found) < len(list(plan.blocks())):
        spec = plan.spec
        reason = f"norm {spec.norm} and ordering {spec.ordering} have no norm there"
        raise SpecError([f"zero_last_norm needs a norm at the end of each branch, but {reason}"])
    return tuple(found)


def _after_last_conv(branch: Layers) -> list[Norm]:
    """The norms after the last convolution, none or one."""
    last = max(i for i, layer in enumerate(branch) if isinstance(layer, Conv))
    return [layer for layer in branch[last:] if isinstance(layer, Norm)]
