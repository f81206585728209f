"""Random images that hide no mistake: standard normal, not square, of an even and an odd size."""

from collections.abc import Iterator

import numpy as np

import resnet_spec
from resnet_duet.comparison.subject import Subject
from resnet_spec import ResNetError
from resnet_spec.measure import Size, default_image_size

# {usual size of a network: the sizes it is compared at}. Height and width differ, so that a swap
# shows. One size is even and one is odd, because at odd sizes TensorFlow's `same` padding and
# PyTorch's symmetric padding are the same function.
SIZES = {(224, 224): ((96, 128), (97, 129)), (32, 32): ((32, 40), (33, 41))}
BATCH = 2


def random_inputs(one: Subject, two: Subject, seed: int) -> Iterator[np.ndarray]:
    """Batches of two images for each size that both networks take: (2, H, W, C) float64.

    Raises:
        ResNetError: the networks take images of different channels or of different fixed sizes.
    """
    rng = np.random.default_rng(seed)
    channels = common_channels(one, two)
    for size in common_sizes(one, two):
        yield rng.standard_normal((BATCH, *size, channels))


def common_channels(one: Subject, two: Subject) -> int:
    """The channels of images for both networks; 3 if neither states them.

    Raises:
        ResNetError: the networks take images of different channels.
    """
    if one.channels and two.channels and one.channels != two.channels:
        raise ResNetError(
            f"{one.title} takes images of {one.channels} channels, {two.title} of {two.channels}"
        )
    return one.channels or two.channels or 3


def common_sizes(one: Subject, two: Subject) -> tuple[Size, ...]:
    """The size that one of the networks is fixed to; otherwise an even and an odd one.

    Raises:
        ResNetError: the networks are fixed to different sizes.
    """
    fixed = list(dict.fromkeys(side.size for side in (one, two) if side.size))
    if len(fixed) > 1:
        (height, width), (other_height, other_width) = fixed
        raise ResNetError(
            f"{one.title} takes images of {height}x{width} (height x width), {two.title} of"
            f" {other_height}x{other_width}"
        )
    if fixed:
        return (fixed[0],)
    known = one.identified or two.identified
    return SIZES[default_image_size(resnet_spec.plan(known.spec)) if known else (224, 224)]
