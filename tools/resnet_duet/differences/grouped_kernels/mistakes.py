"""Another order of a grouped convolution's outputs, as mistakes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.inference import InferenceScenario, inference_scenario, map_arrays
from resnet_duet.scenarios.networks import EVEN, at_even_size, small
from resnet_duet.weights.convert import relayout
from resnet_spec import ArraySpec
from resnet_spec.layers import Conv

# The order of the outputs in memory: group after group (right), or one of each group in turn.
BY_GROUP, ALTERNATING = "GOIHW", "OGIHW"
DESCRIPTIONS = {
    ALTERNATING: "outputs of grouped kernels alternate between the groups, not group after group",
    BY_GROUP: "outputs of grouped kernels are reordered as if they alternated between the groups",
}
FIXES = {
    ALTERNATING: "kernel.reshape(-1, groups, i, h, w).swapaxes(0, 1).reshape(o, i, h, w)",
    BY_GROUP: "kernel.reshape(groups, -1, i, h, w).swapaxes(0, 1).reshape(o, i, h, w)",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Outputs reordered, in both directions, where a network has groups."""
    if not isinstance(scenario, InferenceScenario) or scenario.spec.groups == 1:
        return
    for source, target in ((BY_GROUP, ALTERNATING), (ALTERNATING, BY_GROUP)):
        wrong = _reordered(scenario, source, target)
        yield Mistake(DESCRIPTIONS[target], wrong, FIXES[target])


def _reordered(scenario: InferenceScenario, source: str, target: str) -> InferenceScenario:
    def change(array_spec: ArraySpec, array: np.ndarray) -> np.ndarray:
        if not isinstance(array_spec.layer, Conv) or array_spec.axes != "OIHW":
            return array
        outputs, *rest = array.shape
        sizes = {"G": array_spec.layer.groups, "O": outputs // array_spec.layer.groups}
        grouped = array.reshape(*(sizes[axis] for axis in source[:2]), *rest)
        return relayout(grouped, source, target).reshape(array.shape)

    return map_arrays(scenario, change)


def depthwise() -> InferenceScenario:
    """A network whose groups have one input and one output each."""
    spec = replace(small("resnext50_32x4d"), groups=8, width_per_group=(8, 4))
    return inference_scenario(spec, 0, EVEN)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.LAYOUT,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnext50_32x4d"),
    unnoticed=(Unnoticed("each group has one output, so there is only one order", depthwise),),
)
