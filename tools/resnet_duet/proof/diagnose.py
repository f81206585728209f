"""Two networks are not the same function: which known difference explains it?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np

from resnet_duet.differences import DIFFERENCES
from resnet_duet.errors import FrameworkError
from resnet_duet.experiments.difference import Mistake
from resnet_duet.experiments.use import Use, concerned
from resnet_duet.frameworks import FRAMEWORKS
from resnet_duet.proof.adapters import network
from resnet_duet.proof.compare import ROUNDINGS, SAME, compare, output, refuse_other_shapes
from resnet_duet.proof.network import Names, Network, is_rounded
from resnet_duet.proof.probes import probes
from resnet_duet.proof.rows import Row, relative_error
from resnet_duet.proof.search import NOISE, Search, Watch
from resnet_duet.proof.suspects import Lineup, Suspect
from resnet_spec import ResNetError

T = TypeVar("T")

# What an explanation may leave unexplained: two frameworks are 1e-15 to 1e-13 apart, two mistakes
# of the registry 1e-8 and more. A small error is to be explained by all but a hundredth.
NEAR, SHARE_LEFT = 1e-8, 0.01


@dataclass(frozen=True)
class Culprit:
    """One difference that is part of an explanation.

    Attributes:
        difference: its name in the registry.
        what: is done.
        mend: the line that mends it.
        layers: that have it; none if it is outside the network.
        error: that it makes alone, max|right - wrong| / max|right|.
        share: of the sum of such errors.
    """

    difference: str
    what: str
    mend: str
    layers: tuple[str, ...]
    error: float
    share: float


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        titles: what the two networks are called.
        error: between their outputs, max|a - b| / max|b|: as a part of what is to be explained.
        precision: "float32" if the second network computes in no more, else "float64".
        explanations: each alone gives the second network's outputs; those that no output can tell
            apart stand side by side. Empty if nothing explains them, or nothing is to be explained.
        left: what the best explanation leaves.
        same: whether there is nothing to explain.
        parting: the first layer that differs, where nothing explains and layers are seen.
        tried: how many mistakes and pairs of mistakes were made.
    """

    titles: tuple[str, str]
    error: float
    precision: str
    explanations: tuple[tuple[Culprit, ...], ...]
    left: float
    same: bool
    parting: Row | None
    tried: int


def in_silence(items: Sequence[T], _message: str) -> Iterable[T]:
    """The items, and no word about them: how `diagnose` is watched unless somebody looks on."""
    return items


def diagnose(a: Any, b: Any, watch: Watch = in_silence) -> Diagnosis:
    """Find the difference, or the two, that turn the outputs of `a` into those of `b`.

    Mistakes of the registry are made in a copy of `a`, in float64, and its outputs compared with
    those of `b`, of which nothing else need be seen.

    Args:
        a: the reference: anything `compare` takes whose weights can be read.
        b: the network that disagrees: anything `compare` takes.
        watch: what the long loops run through, such as a progress bar.

    Raises:
        ResNetError: the reference is a bare function, or not what its weights say; the two do not
            read the same images or give as many numbers; b fails, or gives NaN.
    """
    one, two = network(a), network(b)
    images = tuple(probes(one, two, seed=0))
    lineup = Lineup(as_use(one), images, engine())
    theirs = tuple(output(two.run(x)) for x in images)
    _refuse_nonsense(one, two, lineup, theirs)
    found = explained(lineup, theirs, (one.title, two.title), watch)
    if found.same or found.explanations or two.names is Names.OWN:
        return found
    return replace(found, parting=compare(one, two).first_difference)


def explained(
    lineup: Lineup, theirs: tuple[np.ndarray, ...], titles: tuple[str, str], watch: Watch
) -> Diagnosis:
    """`diagnose`, for whoever has many networks to explain by the mistakes of one.

    Args:
        lineup: the reference.
        theirs: the other network's outputs for each of the lineup's batches.
        titles: what the two are called.
        watch: see `diagnose`.
    """
    coarse = all(map(is_rounded, theirs))
    error = Search(lineup, theirs, np.inf, coarse).left_by(None)
    search = Search(lineup, theirs, _near(lineup, error, coarse), coarse)
    rounding = _rounding(lineup) if coarse else ()
    precision = "float32" if coarse else "float64"
    if not coarse and error <= SAME:
        return Diagnosis(titles, error, precision, (), error, True, None, 0)
    if coarse and error <= search.near:
        culprits = (_culprits(lineup, rounding),)
        return Diagnosis(titles, error, precision, culprits, error, False, None, 1)
    found = search.run(watch)
    explanations = tuple(
        _culprits(lineup, (*suspect.mistakes, *rounding)) for suspect in found.explanations
    )
    return Diagnosis(titles, error, precision, explanations, found.left, False, None, found.tried)


def engine() -> str:
    """The framework that computes what mistakes do: PyTorch where it is, since it builds faster.

    Raises:
        FrameworkError: neither is installed.
    """
    for framework in FRAMEWORKS.values():
        if find_spec(framework.needs):
            return framework.name
    raise FrameworkError("this needs torch or tensorflow: pip install 'resnet-duet[torch]'")


def as_use(one: Network) -> Use:
    """The reference, without images.

    Raises:
        ResNetError: its weights cannot be read as a ResNet's.
    """
    if one.known is None:
        raise ResNetError(
            f"{one.title} cannot be the reference, since its weights are not known as a ResNet's:"
            " give a checkpoint, or a network of layers whose names a dialect knows"
        )
    none = np.empty((0, 0, 0, one.known.spec.in_channels))
    return Use(one.known.spec, (), one.known.weights(), none, (), (), False, "float64")


def _refuse_nonsense(
    one: Network, two: Network, lineup: Lineup, theirs: tuple[np.ndarray, ...]
) -> None:
    """Raise ResNetError if outputs cannot be compared, or the reference is another network."""
    trace = one.run(lineup.images[0])
    refuse_other_shapes(one, two, (trace, {"output": theirs[0]}))
    if not all(np.isfinite(array).all() for array in theirs):
        raise ResNetError(f"{two.title} gives NaN or infinity, which nothing here explains")
    own = output(trace)
    floor = ROUNDINGS * _own_noise(lineup) if is_rounded(own) else SAME
    if not (error := relative_error(own, lineup.output(None, 0))) <= floor:
        raise ResNetError(
            f"{one.title} cannot be the reference: by its weights it is another function than it"
            f" computes ({error:.1e}); `verify` shows where"
        )


def _near(lineup: Lineup, error: float, coarse: bool) -> float:
    """How near an explanation must come."""
    if coarse:
        return max(NEAR, ROUNDINGS * _own_noise(lineup))
    return max(min(NEAR, SHARE_LEFT * error), NOISE)


def _own_noise(lineup: Lineup) -> float:
    """What float32 makes of the reference."""
    coarse = replace(lineup.right.rounded(), images=lineup.images[0])
    return relative_error(lineup.output(None, 0), coarse.run(lineup.engine))


def _rounding(lineup: Lineup) -> tuple[tuple[str, Mistake], ...]:
    """That the other network computes in float32, as a mistake like any other."""
    own = DIFFERENCES["float32_arithmetic"]
    return tuple((own.name, mistake) for mistake in own.mistakes(lineup.right))[:1]


def _culprits(lineup: Lineup, steps: tuple[tuple[str, Mistake], ...]) -> tuple[Culprit, ...]:
    """Each mistake of an explanation, with what it does alone."""
    before, culprits = lineup.right, []
    for name, mistake in steps:
        assert isinstance(mistake.world, Use)
        alone = _alone(lineup.right, name, mistake)
        error = relative_error(lineup.output(None, 0), lineup.output(alone, 0))
        layers = concerned(before, mistake.world)
        culprits.append(Culprit(name, mistake.what, mistake.mend, layers, error, 0.0))
        before = mistake.world
    total = sum(culprit.error for culprit in culprits) or 1.0
    return tuple(replace(culprit, share=culprit.error / total) for culprit in culprits)


def _alone(right: Use, name: str, mistake: Mistake) -> Suspect:
    """The same mistake made first, where it can be made first."""
    same = (m for m in DIFFERENCES[name].mistakes(right) if m.what == mistake.what)
    return Suspect(((name, next(same, mistake)),))
