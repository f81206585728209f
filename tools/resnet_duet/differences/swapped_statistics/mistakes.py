"""The learned and the measured arrays of a norm swapped, as mistakes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.inference import InferenceScenario, permute_arrays
from resnet_duet.scenarios.networks import at_even_size, untrained
from resnet_spec import ArraySpec, Role

SCALES = {Role.SCALE: Role.VAR, Role.VAR: Role.SCALE}
OFFSETS = {Role.OFFSET: Role.MEAN, Role.MEAN: Role.OFFSET}
SWAPS = {
    "scale and variance of norms are swapped": SCALES,
    "offset and mean of norms are swapped": OFFSETS,
    "scale and variance, offset and mean of norms are swapped": SCALES | OFFSETS,
}
FIX = "weight is gamma, bias beta, running_mean moving_mean, running_var moving_variance"


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Scale and variance swapped, offset and mean swapped, or both.

    Mean and variance swapped with each other are obvious: the roots of negative values are NaN.
    """
    if isinstance(scenario, InferenceScenario):
        for description, swap in SWAPS.items():
            yield Mistake(description, _swapped(scenario, swap), FIX)


def _swapped(scenario: InferenceScenario, swap: dict[Role, Role]) -> InferenceScenario:
    def source(array_spec: ArraySpec) -> ArraySpec:
        return replace(array_spec, role=swap.get(array_spec.role, array_spec.role))

    return permute_arrays(scenario, source)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NORMALISATION,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("the norms are freshly initialised", lambda: untrained("resnet18")),),
)
