"""plan -> stand-alone source code of a network, in plain PyTorch or plain Keras."""

from collections.abc import Callable
from typing import NamedTuple

from resnet_duet.codegen import keras, torch
from resnet_spec import Plan
from resnet_spec.measure import default_image_size, depth, total


class Language(NamedTuple):
    """A framework that source code is written for.

    Attributes:
        title: its name and its layout of images; {} is the number of channels.
        source: (plan, docstring) -> a Python file.
    """

    title: str
    source: Callable[[Plan, str], str]


LANGUAGES = {
    "torch": Language("PyTorch, images (N, {}, H, W)", torch.source),
    "keras": Language("Keras, images (N, H, W, {})", keras.source),
}


def source(plan: Plan, name: str, framework: str) -> str:
    """A Python file that makes a network and calls it `model`. It needs only the framework.

    The model computes the same bits as that of `build`, and its arrays have the same names: it
    loads torchvision's state_dict, or our `.weights.h5`.

    Args:
        plan: the network.
        name: of the network, for the file's docstring.
        framework: "torch" or "keras".

    Raises:
        ResNetError: the network has a layer kind that has no source form.
    """
    language = LANGUAGES[framework]
    parameters = total(plan, default_image_size(plan)).parameters
    images = language.title.format(plan.spec.in_channels)
    title = f"{name} in {images}.\n\n{depth(plan)} layers, {parameters:,} parameters.\n"
    return language.source(plan, title)
