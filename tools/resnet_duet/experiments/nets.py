"""Small networks in which differences are shown: built and run in a tenth of a second."""

from dataclasses import replace

import resnet_spec
from resnet_duet.experiments.steps import CLASS
from resnet_duet.experiments.use import Use, use
from resnet_duet.port.random import Norms, random_weights
from resnet_spec import ResNetSpec

# Not square; one is even, and the other odd before every stride of the network.
EVEN, ODD = (32, 48), (33, 49)
TINY = (4, 4)  # one pixel is left of it behind the stem


def small(name: str) -> ResNetSpec:
    """A network of the zoo with two stages of a block or two, few channels and 5 classes."""
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


def at_even_size(name: str) -> Use:
    """The small network on images of an even size, not square."""
    return use(small(name), 0, EVEN)


def at_odd_size(name: str) -> Use:
    """The small network on images of an odd size, not square."""
    return use(small(name), 0, ODD)


def at_tiny_size(name: str) -> Use:
    """The small ImageNet network on images of which one pixel is left behind the stem."""
    return use(small(name), 0, TINY)


def untrained(name: str) -> Use:
    """The small network as training finds it: fresh norms, biases of 0."""
    world = at_even_size(name)
    return replace(world, weights=random_weights(world.spec, 0, Norms.FRESH))


def asked_for_the_class(name: str) -> Use:
    """The small network, of whose outputs nothing is kept but the number of the largest."""
    return replace(at_even_size(name), after=(CLASS,))
