"""Small networks for scenarios: built and run in a tenth of a second."""

from dataclasses import replace

import resnet_spec
from resnet_duet.scenarios.inference import InferenceScenario, inference_scenario
from resnet_duet.scenarios.transforms import CLASS
from resnet_duet.weights.init import Norms, random_weights
from resnet_spec import ResNetSpec

# (height, width), not square. ODD is odd at the input of every strided layer.
EVEN, ODD = (32, 48), (33, 49)
TINY = (4, 4)  # one pixel is left after an ImageNet stem


def small(name: str) -> ResNetSpec:
    """A network of the zoo with two stages, of two blocks and one, few channels and 5 classes."""
    spec = resnet_spec.get(name)
    return replace(
        spec,
        depths=(2, 1),
        widths=(8, 16),
        groups=min(spec.groups, 2),
        width_per_group=spec.width_per_group if spec.groups == 1 else 64,
        stem=replace(spec.stem, channels=(8,) * len(spec.stem.channels)),
        num_classes=5,
    )


def at_even_size(name: str) -> InferenceScenario:
    """The small network on non-square images of an even size."""
    return inference_scenario(small(name), 0, EVEN)


def at_odd_size(name: str) -> InferenceScenario:
    """The small network on non-square images of an odd size."""
    return inference_scenario(small(name), 0, ODD)


def at_tiny_size(name: str) -> InferenceScenario:
    """The small ImageNet network on images of which one pixel is left after the stem."""
    return inference_scenario(small(name), 0, TINY)


def untrained(name: str) -> InferenceScenario:
    """The small network before training: freshly initialised norms, biases of 0."""
    scenario = at_even_size(name)
    return replace(scenario, weights=random_weights(scenario.spec, 0, Norms.INITIAL))


def asked_for_the_class(name: str) -> InferenceScenario:
    """The small network followed by an argmax: only the predicted class is kept."""
    return replace(at_even_size(name), postprocessing=(CLASS,))
