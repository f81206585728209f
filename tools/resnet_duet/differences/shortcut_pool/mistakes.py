"""The other kind of strided shortcut, as a mistake."""

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
from resnet_duet.scenarios.networks import at_even_size, at_tiny_size
from resnet_duet.scenarios.plan_edits import edited, in_blocks
from resnet_spec import Plan, PoolPadding, ShortcutStride
from resnet_spec.layers import AvgPool, Conv, MaxPool
from resnet_spec.structure import Block


def averaged(plan: Plan) -> Plan:
    """Every strided shortcut takes the mean of 2x2 pixels: ResNet-D."""

    def with_mean(block: Block) -> Block:
        pool = AvgPool(f"{block.name}.downsample.pool", stride=2, count_include_pad=False)
        match block.shortcut:
            case (Conv(stride=2) as conv, *rest):
                return replace(block, shortcut=(pool, replace(conv, stride=1), *rest))
            case (MaxPool(stride=2), *rest):
                return replace(block, shortcut=(pool, *rest))
        return block

    return in_blocks(plan, with_mean)


def subsampled(plan: Plan) -> Plan:
    """Every strided shortcut takes one pixel of four, as a strided 1x1 convolution does."""

    def without_mean(block: Block) -> Block:
        match block.shortcut:
            case (AvgPool(name=name, stride=2), *rest):
                pool = MaxPool(name, kernel=1, stride=2, padding=PoolPadding.NONE)
                return replace(block, shortcut=(pool, *rest))
        return block

    return in_blocks(plan, without_mean)


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """No mean in a ResNet-D, or a mean in another network."""
    if not isinstance(scenario, InferenceScenario):
        return
    if scenario.spec.shortcut.stride_by is ShortcutStride.AVG_POOL:
        if wrong := edited(scenario, subsampled):
            fix = "AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False), then the 1x1"
            yield Mistake("strided shortcuts take one pixel of four, not their mean", wrong, fix)
    elif wrong := edited(scenario, averaged):
        fix = "stride=2 in the 1x1 convolution of the shortcut, and no pool"
        yield Mistake("strided shortcuts take the mean of four pixels, not one", wrong, fix)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18d"),
    unnoticed=(
        Unnoticed(
            "the feature map is a single pixel where a stride applies",
            lambda: at_tiny_size("resnet18d"),
        ),
    ),
)
