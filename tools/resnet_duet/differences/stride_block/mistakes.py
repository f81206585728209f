"""The other block takes the stride between two stages, as a mistake."""

from collections.abc import Iterator
from pathlib import Path

from resnet_duet.differences.difference import (
    Category,
    Difference,
    Mistake,
    Scenario,
    Unnoticed,
)
from resnet_duet.scenarios.inference import InferenceScenario, with_choices
from resnet_duet.scenarios.networks import at_even_size, at_tiny_size
from resnet_spec import ShortcutKind, StrideBlock

BLOCK = {
    StrideBlock.FIRST: "the first block of the later stage",
    StrideBlock.LAST: "the last block of the earlier stage",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """The stride one block earlier, or one block later."""
    if not isinstance(scenario, InferenceScenario):
        return
    right = scenario.spec.stride_block
    (block,) = set(StrideBlock) - {right}
    choices: dict[str, object] = {"stride_block": block}
    if scenario.spec.shortcut.kind is ShortcutKind.PROJECTION_ON_CHANGE:
        # Keep the arrays: a projection on every change would add one to a block that only strides.
        choices["shortcut"] = {"kind": ShortcutKind.PROJECTION_ON_GROWTH}
    if wrong := with_choices(scenario, choices):
        description = f"{BLOCK[block]} strides, not {BLOCK[right]}"
        yield Mistake(description, wrong, f"stride=2 in {BLOCK[right]}")


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.ARCHITECTURE,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("keras_resnet50v2"),
    unnoticed=(
        Unnoticed(
            "the feature map is a single pixel where a stride applies",
            lambda: at_tiny_size("keras_resnet50v2"),
        ),
    ),
)
