"""Commit the mistakes of a difference in one framework, and measure against the other."""

from collections.abc import Iterator
from dataclasses import dataclass

from resnet_duet.experiments.difference import Difference, World
from resnet_duet.frameworks import KERAS, TORCH
from resnet_duet.proof.rows import relative_error

# An error shows if it is so many times the noise. Two frameworks' float64 noise is 1e-16 to 1e-14,
# and the least mistake is 1e-9 or more, so that any number between 10 and 10,000 would do.
CLEAR = 10
TINY = 1e-15  # noise may be 0, where both frameworks round alike


@dataclass(frozen=True)
class Measured:
    """One experiment.

    Attributes:
        what: was done.
        error: max|right - wrong| / max|right|, right in PyTorch and wrong in Keras.
        noise: the same without the mistake.
        noise32: what PyTorch's own float32 makes of it.
    """

    what: str
    error: float
    noise: float
    noise32: float

    @property
    def shows(self) -> bool:
        """Whether the error stands out of the noise of two frameworks in float64."""
        return self.error > CLEAR * max(self.noise, TINY)


@dataclass(frozen=True)
class Measurement:
    """What `measure` found: each mistake where it shows, and each where it hides, with the why."""

    shown: tuple[Measured, ...]
    hidden: tuple[tuple[str, Measured], ...]


def measure(difference: Difference) -> Measurement:
    """Do the experiments of a difference, in seconds. Needs both frameworks."""
    shown = tuple(_measured(difference, difference.shown()))
    hidden = [(h.why, m) for h in difference.hidden for m in _measured(difference, h.world())]
    return Measurement(shown, tuple(hidden))


def _measured(difference: Difference, world: World) -> Iterator[Measured]:
    right = world.run(TORCH.name)
    noise = relative_error(right, world.run(KERAS.name))
    noise32 = relative_error(right, world.rounded().run(TORCH.name))
    for mistake in difference.mistakes(world):
        error = relative_error(right, mistake.world.run(KERAS.name))
        yield Measured(mistake.what, error, noise, noise32)
