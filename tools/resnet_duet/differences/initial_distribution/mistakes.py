"""Other initial distributions of a kernel, as mistakes."""

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
from resnet_duet.scenarios.initialization import Initial, InitScenario, MeasuredOn

# Each distribution in a framework whose default it is not.
FIXES = {
    Initial.HE_FAN_OUT: 'VarianceScaling(2.0, "fan_out", "untruncated_normal")',
    Initial.HE_FAN_IN_CUT: "HeNormal()",
    Initial.GLOROT: "nn.init.xavier_uniform_(conv.weight)",
    Initial.FAN_IN_UNIFORM: 'VarianceScaling(1 / 3, "fan_in", "uniform")',
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Every other distribution."""
    if not isinstance(scenario, InitScenario):
        return
    for initial in Initial:
        if initial is not scenario.initial:
            description = f"kernels start {initial}, not {scenario.initial}"
            wrong = replace(scenario, initial=initial)
            yield Mistake(description, wrong, FIXES[scenario.initial])


def a_kernel(measured_on: MeasuredOn) -> InitScenario:
    """A 3x3 kernel with twice as many outputs as inputs, as at the start of a stage."""
    return InitScenario((256, 128, 3, 3), Initial.HE_FAN_OUT, measured_on, 0, "float64")


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.TRAINING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: a_kernel(MeasuredOn.KERNEL),
    unnoticed=(
        Unnoticed(
            "a batch norm after the convolution removes the kernel's scale, and a sum of a thousand"
            " random values is normally distributed whatever their own distribution is",
            lambda: a_kernel(MeasuredOn.AFTER_NORM),
        ),
    ),
)
