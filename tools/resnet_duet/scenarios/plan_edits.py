"""Changes to a plan that no choice of a spec makes."""

from collections.abc import Callable
from dataclasses import replace

from resnet_duet.scenarios.inference import Edit, InferenceScenario
from resnet_spec.structure import Block, Plan


def edited(scenario: InferenceScenario, edit: Edit) -> InferenceScenario | None:
    """The same weights in an edited plan; None if the edit changes nothing."""
    plan = scenario.plan
    return None if edit(plan) is plan else replace(scenario, edits=(*scenario.edits, edit))


def in_blocks(plan: Plan, change: Callable[[Block], Block]) -> Plan:
    """The plan with `change` applied to each block; the plan itself if no block changes."""
    stages = tuple(replace(stage, blocks=tuple(map(change, stage.blocks))) for stage in plan.stages)
    return plan if stages == plan.stages else replace(plan, stages=stages)
