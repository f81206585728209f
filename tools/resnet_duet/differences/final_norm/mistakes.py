"""Heads without the final norm and ReLU of a pre-activation network, as mistakes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from resnet_duet.differences.difference import Category, Difference, Mistake, Scenario
from resnet_duet.scenarios.inference import InferenceScenario
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.scenarios.plan_edits import edited
from resnet_spec import Plan
from resnet_spec.layers import Norm, Relu


def without_norm_and_relu(plan: Plan) -> Plan:
    """The pool reads the last sum directly."""
    match plan.head:
        case (Norm(), Relu(), *rest):
            return replace(plan, head=tuple(rest))
    return plan


def without_relu(plan: Plan) -> Plan:
    """The pool reads the last norm directly, or the last sum if there is no norm."""
    match plan.head:
        case (Norm() as norm, Relu(), *rest):
            return replace(plan, head=(norm, *rest))
        case (Relu(), *rest):
            return replace(plan, head=tuple(rest))
    return plan


EDITS = {
    without_norm_and_relu: "the head has neither norm nor ReLU",
    without_relu: "the head has no ReLU",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Both left out, or only the ReLU."""
    if isinstance(scenario, InferenceScenario):
        for edit, description in EDITS.items():
            if wrong := edited(scenario, edit):
                yield Mistake(description, wrong, "x = self.fc(self.avgpool(F.relu(self.norm(x))))")


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("preresnet18"),
    unnoticed=(),
)
