"""Option A's zero channels in the other place, as a mistake."""

from collections.abc import Iterator
from pathlib import Path

from resnet_duet.differences.difference import Category, Difference, Mistake, Scenario
from resnet_duet.scenarios.inference import InferenceScenario, with_choices
from resnet_duet.scenarios.networks import at_even_size
from resnet_spec import ShortcutKind

OTHER = {
    ShortcutKind.ZERO_PAD_BOTH_SIDES: ShortcutKind.ZERO_PAD_END,
    ShortcutKind.ZERO_PAD_END: ShortcutKind.ZERO_PAD_BOTH_SIDES,
}
PLACE = {
    ShortcutKind.ZERO_PAD_BOTH_SIDES: "on both sides of the old ones",
    ShortcutKind.ZERO_PAD_END: "after the old ones",
}
FIXES = {
    ShortcutKind.ZERO_PAD_BOTH_SIDES: "F.pad(x, (0, 0, 0, 0, new // 2, new // 2))",
    ShortcutKind.ZERO_PAD_END: "F.pad(x, (0, 0, 0, 0, 0, new))",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """Zeros after the old channels for zeros on both sides of them, or the reverse."""
    if not isinstance(scenario, InferenceScenario) or scenario.spec.shortcut.kind not in OTHER:
        return
    right = scenario.spec.shortcut.kind
    if wrong := with_choices(scenario, {"shortcut": {"kind": OTHER[right]}}):
        description = f"shortcuts put new channels {PLACE[OTHER[right]]}, not {PLACE[right]}"
        yield Mistake(description, wrong, FIXES[right])


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="keras",
    mistakes=mistakes,
    visible=lambda: at_even_size("cifar_resnet20"),
    unnoticed=(),
)
