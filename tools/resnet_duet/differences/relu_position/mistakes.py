"""Blocks with their ReLU, norm and addition in another order, as mistakes."""

from collections.abc import Iterator
from pathlib import Path

from resnet_duet.differences.difference import Category, Difference, Mistake, Scenario
from resnet_duet.scenarios.inference import InferenceScenario, with_choices
from resnet_duet.scenarios.networks import at_even_size
from resnet_spec import Ordering

BLOCK = {
    Ordering.ORIGINAL: "norm, addition, ReLU",
    Ordering.NORM_AFTER_ADDITION: "addition, norm, ReLU",
    Ordering.RELU_BEFORE_ADDITION: "norm, ReLU, addition",
    Ordering.RELU_PREACTIVATION: "norm, addition, and begin with a ReLU",
    Ordering.FULL_PREACTIVATION: "addition, and begin with norm and ReLU",
}
FIXES = {
    Ordering.ORIGINAL: "y = relu(bn2(conv2(y)) + x)",
    Ordering.NORM_AFTER_ADDITION: "y = relu(bn2(conv2(y) + x))",
    Ordering.RELU_BEFORE_ADDITION: "y = relu(bn2(conv2(y))) + x",
    Ordering.RELU_PREACTIVATION: "y = bn2(conv2(relu(bn1(conv1(relu(x)))))) + x",
    Ordering.FULL_PREACTIVATION: "y = conv2(relu(bn2(conv1(relu(bn1(x)))))) + x",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Every other ordering that has the same arrays."""
    if not isinstance(scenario, InferenceScenario):
        return
    right = scenario.spec.ordering
    for ordering in Ordering:
        if wrong := with_choices(scenario, {"ordering": ordering}):
            description = f"blocks end in {BLOCK[ordering]}, not in {BLOCK[right]}"
            yield Mistake(description, wrong, FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(),
)
