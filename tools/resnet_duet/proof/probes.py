"""Images that hide no mistake: standard normal, not square, of an even and of an odd size."""

from collections.abc import Iterator

import numpy as np

import resnet_spec
from resnet_duet.proof.network import Network
from resnet_spec import ResNetError
from resnet_spec.measure import Size, usual_size

# Height and width differ, so that a swap shows; one size is even and one is odd, because at odd
# sizes TensorFlow's `same` padding and PyTorch's are the same function.
SIZES = {(224, 224): ((96, 128), (97, 129)), (32, 32): ((32, 40), (33, 41))}
BATCH = 2


def probes(one: Network, two: Network, seed: int) -> Iterator[np.ndarray]:
    """Two images of each size that both networks take: (2, H, W, C) float64.

    Raises:
        ResNetError: they do not read the same number of channels, or not images of one size.
    """
    rng = np.random.default_rng(seed)
    channels = common_channels(one, two)
    for size in common_sizes(one, two):
        yield rng.standard_normal((BATCH, *size, channels))


def common_channels(one: Network, two: Network) -> int:
    """Channels of the images that both read; 3 where neither says."""
    if one.channels and two.channels and one.channels != two.channels:
        raise ResNetError(
            f"the first network reads images of {one.channels} channels, the second of"
            f" {two.channels}"
        )
    return one.channels or two.channels or 3


def common_sizes(one: Network, two: Network) -> tuple[Size, ...]:
    """The one size that a network is fixed to; else those of its kind, even and odd."""
    fixed = list(dict.fromkeys(side.size for side in (one, two) if side.size))
    if len(fixed) > 1:
        raise ResNetError(f"the first network reads images of {fixed[0]}, the second of {fixed[1]}")
    if fixed:
        return (fixed[0],)
    known = one.known or two.known
    return SIZES[usual_size(resnet_spec.plan(known.spec)) if known else (224, 224)]
