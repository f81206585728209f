"""The other framework's padding of strided convolutions, as mistakes."""

from collections.abc import Iterator
from pathlib import Path

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.inference import InferenceScenario, with_choices
from resnet_duet.scenarios.networks import at_even_size, at_odd_size
from resnet_spec import Padding, StemPool

FIXES = {
    Padding.SYMMETRIC: 'ZeroPadding2D(1), then Conv2D(64, 3, strides=2, padding="valid")',
    Padding.SAME: "F.pad(x, (0, 1, 0, 1)), then Conv2d(64, 64, 3, stride=2, padding=0)",
}
POOLS = {Padding.SYMMETRIC: StemPool.MINUS_INFINITY, Padding.SAME: StemPool.SAME}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """The other padding, alone and in the pool as well."""
    if not isinstance(scenario, InferenceScenario):
        return
    right = scenario.spec.padding
    (padding,) = set(Padding) - {right}
    if wrong := with_choices(scenario, {"padding": padding}):
        description = f"strided convolutions have {padding} padding, not {right}"
        yield Mistake(description, wrong, FIXES[right])
    both = with_choices(scenario, {"padding": padding, "stem.pool": POOLS[padding]})
    if both and scenario.spec.stem.pool not in (StemPool.NONE, POOLS[padding]):
        # Code that writes "same" once usually writes it everywhere.
        description = f"strided convolutions and the pool have {padding} padding, not {right}"
        yield Mistake(description, both, FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.PADDING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(
        Unnoticed(
            "every feature map with a stride of 2 has an odd size", lambda: at_odd_size("resnet18")
        ),
    ),
)
