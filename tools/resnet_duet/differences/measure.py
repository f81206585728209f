"""Make the mistakes of a difference in one framework, and measure them against the other."""

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_duet.differences.difference import Difference, Scenario
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.weights.relative_error import relative_error

# The float64 rounding of two frameworks is 1e-16 to 1e-14 and the smallest mistake 1e-9, so any
# factor between 10 and 10,000 separates them.
FACTOR = 10
SMALLEST_BASELINE = 1e-15  # the measured one can be 0, where both frameworks round alike


def exceeds(error: float, baseline: float) -> bool:
    """Whether an error is more than rounding.

    Args:
        error: relative error, with a mistake.
        baseline: relative error of the same experiment without a mistake.
    """
    return error > FACTOR * max(baseline, SMALLEST_BASELINE)


@dataclass(frozen=True)
class Measured:
    """One mistake in one experiment.

    Attributes:
        description: the mistake.
        error: max|right - wrong| / max|right|; PyTorch runs the correct version, Keras the
            incorrect one. Infinite if the shapes differ.
        baseline: the same without the mistake.
        float32_error: rounding error of the correct version in float32, in PyTorch.
    """

    description: str
    error: float
    baseline: float
    float32_error: float

    @property
    def is_visible(self) -> bool:
        """Whether the error exceeds the baseline."""
        return exceeds(self.error, self.baseline)


@dataclass(frozen=True)
class Measurement:
    """The mistakes of a difference, measured.

    Attributes:
        visible: each mistake in the experiment that shows it.
        unnoticed: (why it does not show, the mistake) for the experiments that do not.
    """

    visible: tuple[Measured, ...]
    unnoticed: tuple[tuple[str, Measured], ...]


def measure(difference: Difference) -> Measurement:
    """Run the experiments of a difference. This takes seconds.

    Args:
        difference: one of `DIFFERENCES`.

    Raises:
        FrameworkError: PyTorch or Keras is not installed.
    """
    visible = tuple(_measured(difference, difference.visible()))
    unnoticed = tuple(
        (experiment.reason, measured)
        for experiment in difference.unnoticed
        for measured in _measured(difference, experiment.scenario())
    )
    return Measurement(visible, unnoticed)


def _measured(difference: Difference, scenario: Scenario) -> Iterator[Measured]:
    right = scenario.run(TORCH.name)
    baseline = relative_error(right, scenario.run(KERAS.name))
    float32_error = relative_error(right, scenario.in_float32().run(TORCH.name))
    for mistake in difference.mistakes(scenario):
        error = relative_error(right, mistake.scenario.run(KERAS.name))
        yield Measured(mistake.description, error, baseline, float32_error)
