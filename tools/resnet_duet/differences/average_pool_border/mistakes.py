"""Padding that counts in the average pools of ResNet-D, as a mistake."""

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
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_duet.scenarios.networks import at_even_size, at_odd_size
from resnet_duet.scenarios.plan_edits import edited, in_blocks
from resnet_spec import Plan
from resnet_spec.layers import AvgPool
from resnet_spec.structure import Block


def count_include_pad(plan: Plan) -> Plan:
    """Pad before each strided average pool, at the right and bottom, with zeros that count."""

    def block(block: Block) -> Block:
        match block.shortcut:
            case (AvgPool(stride=2) as pool, *rest):
                return replace(block, shortcut=(replace(pool, count_include_pad=True), *rest))
        return block

    return in_blocks(plan, block)


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Zeros that count, where shortcuts have average pools."""
    if isinstance(scenario, InferenceScenario) and (wrong := edited(scenario, count_include_pad)):
        description = "padding zeros count in the average pools of the shortcuts"
        fix = "AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)"
        yield Mistake(description, wrong, f'{fix}; AveragePooling2D(2, 2, padding="same")')


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.POOLING,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_odd_size("resnet18d"),
    unnoticed=(
        Unnoticed(
            "every feature map with a stride of 2 has an even size",
            lambda: at_even_size("resnet18d"),
        ),
    ),
)
