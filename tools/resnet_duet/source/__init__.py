"""plan -> the source of a network that needs nothing of this project."""

from resnet_duet.source import keras, torch
from resnet_spec import Plan
from resnet_spec.measure import depth, total, usual_size

LANGUAGES = {"torch": torch, "keras": keras}
TITLES = {"torch": "PyTorch, images (N, {}, H, W)", "keras": "Keras, images (N, H, W, {})"}


def source(plan: Plan, name: str, framework: str) -> str:
    """A Python file in plain PyTorch or plain Keras that makes the network and calls it `model`.

    It computes what `build` builds to the last bit, with the same names: a state_dict of
    torchvision's, or our own `.weights.h5`, loads into it.

    Args:
        plan: the network.
        name: what the file's docstring calls it.
        framework: "torch" or "keras".
    """
    numbers = total(plan, usual_size(plan))
    images = TITLES[framework].format(plan.spec.in_channels)
    title = f"{name} in {images}.\n\n{depth(plan)} layers, {numbers.parameters:,} parameters.\n"
    return LANGUAGES[framework].source(plan, title)
