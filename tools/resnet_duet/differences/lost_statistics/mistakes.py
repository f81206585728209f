"""Running statistics that are not copied, as mistakes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.inference import InferenceScenario, map_arrays
from resnet_duet.scenarios.networks import at_even_size, untrained
from resnet_spec import ArraySpec, Role

INITIAL = {Role.MEAN: np.zeros_like, Role.VAR: np.ones_like}  # in both frameworks
LOST = {
    "running means are 0 and variances 1": (Role.MEAN, Role.VAR),
    "running means are 0": (Role.MEAN,),
    "running variances are 1": (Role.VAR,),
}
FIX = "copy running_mean and running_var too: state_dict() has them, parameters() does not"


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Initial values in place of the means, the variances, or both."""
    if isinstance(scenario, InferenceScenario):
        for description, roles in LOST.items():
            yield Mistake(description, _without(scenario, roles), FIX)


def _without(scenario: InferenceScenario, roles: tuple[Role, ...]) -> InferenceScenario:
    def reset(array_spec: ArraySpec, array: np.ndarray) -> np.ndarray:
        return INITIAL[array_spec.role](array) if array_spec.role in roles else array

    return map_arrays(scenario, reset)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NORMALISATION,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(Unnoticed("the network was never trained", lambda: untrained("resnet18")),),
)
