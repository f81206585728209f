"""The other value in the padding of the stem's pool, as a mistake."""

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
from resnet_duet.scenarios.networks import at_even_size
from resnet_spec import StemPool

MISTAKEN_FOR = {
    StemPool.MINUS_INFINITY: StemPool.ZERO,
    StemPool.ZERO: StemPool.MINUS_INFINITY,
}
FIXES = {
    StemPool.MINUS_INFINITY: (
        "x = ops.pad(x, pad_width, constant_values=-inf), then MaxPooling2D(3, 2)"
    ),
    StemPool.ZERO: "nn.ZeroPad2d(1), then nn.MaxPool2d(3, 2)",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Zeros in place of minus infinity, or the reverse."""
    if not isinstance(scenario, InferenceScenario):
        return
    right = scenario.spec.stem.pool
    if right not in MISTAKEN_FOR:
        return
    pool = MISTAKEN_FOR[right]
    if wrong := with_choices(scenario, {"stem": {"pool": pool}}):
        yield Mistake(f"the stem's pool has {pool} padding, not {right}", wrong, FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.POOLING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("preresnet18"),
    unnoticed=(Unnoticed("the pool follows a ReLU", lambda: at_even_size("resnet18")),),
)
