"""A network without its shortcuts, or with shortcuts it should not have, as mistakes."""

from collections.abc import Iterator
from pathlib import Path

from resnet_duet.differences.difference import Category, Difference, Mistake, Scenario
from resnet_duet.scenarios.inference import InferenceScenario, with_choices
from resnet_duet.scenarios.networks import at_even_size
from resnet_spec import ShortcutKind


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """No shortcuts in a residual network, or parameter-free ones in a plain network."""
    if not isinstance(scenario, InferenceScenario):
        return
    if scenario.spec.shortcut.kind is not ShortcutKind.NONE:
        if wrong := with_choices(scenario, {"shortcut": {"kind": ShortcutKind.NONE}}):
            yield Mistake("there are no shortcuts", wrong, "y = branch(x) + shortcut(x)")
        return
    for kind in (ShortcutKind.ZERO_PAD_BOTH_SIDES, ShortcutKind.ZERO_PAD_END):
        if wrong := with_choices(scenario, {"shortcut": {"kind": kind}}):
            yield Mistake(f"there are shortcuts, {kind}", wrong, "y = branch(x)")


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("cifar_resnet20"),
    unnoticed=(),
)
