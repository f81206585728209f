"""Projections that read another tensor, as mistakes."""

from collections.abc import Iterator
from pathlib import Path

from resnet_duet.differences.difference import Category, Difference, Mistake, Scenario
from resnet_duet.scenarios.inference import InferenceScenario, affected_layers, with_choices
from resnet_duet.scenarios.networks import at_even_size
from resnet_spec import ProjectionInput

READS = {
    ProjectionInput.BLOCK_INPUT: "the block's input",
    ProjectionInput.PREACTIVATION: "the pre-activation",
    ProjectionInput.PREACTIVATION_IN_FIRST: "the pre-activation in the first block only",
}
FIXES = {
    ProjectionInput.BLOCK_INPUT: "shortcut = self.shortcut(x)",
    ProjectionInput.PREACTIVATION: "shortcut = self.shortcut(F.relu(self.bn1(x)))",
    ProjectionInput.PREACTIVATION_IN_FIRST: "shortcut = self.shortcut(h if first else x)",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Every other tensor that the projections can read."""
    if not isinstance(scenario, InferenceScenario):
        return
    right = scenario.spec.shortcut.reads
    seen: list[InferenceScenario] = []
    for reads in ProjectionInput:
        wrong = with_choices(scenario, {"shortcut": {"reads": reads}})
        # If the first block has no projection, two of the three choices give the same network.
        if wrong and all(affected_layers(other, wrong) for other in seen):
            seen.append(wrong)
            description = f"projections read {READS[reads]}, not {READS[right]}"
            yield Mistake(description, wrong, FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("preresnet50"),
    unnoticed=(),
)
