"""Images in other value ranges, as mistakes."""

from collections.abc import Iterator
from pathlib import Path

from resnet_duet.differences.difference import Category, Difference, Mistake, Scenario
from resnet_duet.scenarios.inference import InferenceScenario, Transform
from resnet_duet.scenarios.networks import at_even_size
from resnet_duet.scenarios.transforms import prepend

DIVIDED = Transform("divided by 255", lambda images, _: images / 255)
MULTIPLIED = Transform("multiplied by 255", lambda images, _: images * 255)
CENTRED = Transform("divided by 127.5, less 1", lambda images, _: images / 127.5 - 1)
DOUBLED = Transform("doubled, less 1", lambda images, _: images * 2 - 1)
FIXES = {
    DIVIDED: "no ToTensor() or Rescaling(1 / 255)",
    MULTIPLIED: "layers.Rescaling(1 / 255)",
    CENTRED: "no preprocess_input(x) of resnet_v2",
    DOUBLED: "no Normalize(0.5, 0.5)",
}


def mistakes(scenario: Scenario) -> Iterator[Mistake]:
    """One more change of the range."""
    if isinstance(scenario, InferenceScenario):
        for transform, fix in FIXES.items():
            yield Mistake(f"images are {transform.name}", prepend(scenario, transform), fix)


DIFFERENCE = Difference(
    folder=Path(__file__).parent,
    category=Category.PREPROCESSING,
    mistake_in="torch",
    mistakes=mistakes,
    visible=lambda: at_even_size("resnet18"),
    unnoticed=(),
)
