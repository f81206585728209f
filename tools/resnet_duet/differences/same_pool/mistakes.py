"""Max-pool padding "same" for symmetric padding, or the reverse, as mistakes."""

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
from resnet_spec import StemPool

MISTAKEN_FOR = {
    StemPool.NONE: (),
    StemPool.MINUS_INFINITY: (StemPool.SAME,),
    StemPool.ZERO: (StemPool.SAME,),
    StemPool.SAME: (StemPool.MINUS_INFINITY, StemPool.ZERO),
}
FIXES = {
    StemPool.MINUS_INFINITY: (
        "x = ops.pad(x, pad_width, constant_values=-inf), then MaxPooling2D(3, 2)"
    ),
    StemPool.ZERO: "ZeroPadding2D(1), then MaxPooling2D(3, 2)",
    StemPool.SAME: "F.pad(x, (0, 1, 0, 1), value=-inf), then MaxPool2d(3, 2)",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Padding on two edges in place of four, or the reverse."""
    if not isinstance(scenario, InferenceScenario):
        return
    right = scenario.spec.stem.pool
    for pool in MISTAKEN_FOR[right]:
        if wrong := with_choices(scenario, {"stem": {"pool": pool}}):
            yield Mistake(f"the stem's pool has {pool} padding, not {right}", wrong, FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.PADDING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(
        Unnoticed("the pool reads a feature map of an odd size", lambda: at_odd_size("resnet18")),
    ),
)
