"""What can be changed of a plan that no spec says."""

from collections.abc import Callable
from dataclasses import replace

from resnet_duet.experiments.use import Edit, Use
from resnet_spec.layers import Block, Plan


def edited(use: Use, edit: Edit) -> Use | None:
    """The same weights in an edited plan; None if nothing is changed by it."""
    return None if edit(use.plan) is use.plan else replace(use, edits=(*use.edits, edit))


def in_blocks(plan: Plan, change: Callable[[Block], Block]) -> Plan:
    """The plan with each block changed, or not; itself if none is."""
    stages = tuple(replace(stage, blocks=tuple(map(change, stage.blocks))) for stage in plan.stages)
    return plan if stages == plan.stages else replace(plan, stages=stages)
