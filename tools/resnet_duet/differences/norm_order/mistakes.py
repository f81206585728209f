"""Scale and offset read by their position in a file, as a mistake."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from resnet_duet.differences.difference import Category, Difference, Mistake, Scenario
from resnet_duet.scenarios.inference import InferenceScenario, permute_arrays
from resnet_duet.scenarios.networks import at_even_size
from resnet_spec import ArraySpec, Role

SWAP = {Role.SCALE: Role.OFFSET, Role.OFFSET: Role.SCALE}
FIX = 'group["gamma:0"], group["beta:0"]: by name, not by position'


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Scale and offset of every norm swapped."""
    if isinstance(scenario, InferenceScenario):
        wrong = permute_arrays(scenario, _swapped)
        yield Mistake("scale and offset of norms are swapped", wrong, FIX)


def _swapped(array_spec: ArraySpec) -> ArraySpec:
    return replace(array_spec, role=SWAP.get(array_spec.role, array_spec.role))


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.NORMALISATION,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(),
)
