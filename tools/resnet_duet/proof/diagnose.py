"""Two networks are not the same function: which known difference explains it?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np

from resnet_duet.errors import FrameworkError
from resnet_duet.experiments.difference import Mistake
from resnet_duet.experiments.use import Use, concerned
from resnet_duet.frameworks import FRAMEWORKS
from resnet_duet.proof.adapters import network
from resnet_duet.proof.compare import ROUNDINGS, SAME, compare, output, refuse_other_shapes
from resnet_duet.proof.network import Names, Network, is_rounded
from resnet_duet.proof.probes import probes
from resnet_duet.proof.rows import Row, relative_error
from resnet_duet.proof.search import NOISE, Search, Suspect, Watch
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
        error: between their outputs.
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
    right = _as_use(one)
    images = list(probes(one, two, seed=0))
    pairs = tuple((x, output(two.run(x))) for x in images)
    _refuse_nonsense(one, two, right, pairs)
    search = Search(right, pairs, np.inf, engine())
    error = search.left_by(right)
    coarse = all(is_rounded(theirs) for _, theirs in pairs)
    rounding = _rounding(search) if coarse else ()
    search = replace(search, near=_near(search, error, coarse))
    titles, precision = (one.title, two.title), "float32" if coarse else "float64"
    if error <= (search.near if coarse else SAME):
        explained = (_culprits(search, (), rounding),) if coarse else ()
        return Diagnosis(titles, error, precision, explained, error, not coarse, None, 0)
    found, tried = _explanations(search, watch)
    explanations = tuple(_culprits(search, suspect.mistakes, rounding) for suspect in found)
    left = found[0].left if found else error
    parting = None if found else _first_parting(one, two)
    return Diagnosis(titles, error, precision, explanations, left, False, parting, tried)


def engine() -> str:
    """The framework that computes what mistakes do: PyTorch where it is, since it builds faster.

    Raises:
        FrameworkError: neither is installed.
    """
    for framework in FRAMEWORKS.values():
        if find_spec(framework.needs):
            return framework.name
    raise FrameworkError("this needs torch or tensorflow: pip install 'resnet-duet[torch]'")


def _as_use(one: Network) -> Use:
    if one.known is None:
        raise ResNetError(
            f"{one.title} cannot be the reference, since its weights are not known as a ResNet's:"
            " give a checkpoint, or a network of layers whose names a dialect knows"
        )
    none = np.empty((0, 0, 0, one.known.spec.in_channels))
    return Use(one.known.spec, (), one.known.weights(), none, (), (), False, "float64")


def _refuse_nonsense(
    one: Network, two: Network, right: Use, pairs: Sequence[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Raise ResNetError if outputs cannot be compared, or the reference is another network."""
    images, theirs = pairs[0]
    refuse_other_shapes(one, two, (trace := one.run(images), {"output": theirs}))
    for _, array in pairs:
        if not np.isfinite(array).all():
            raise ResNetError(f"{two.title} gives NaN or infinity, which nothing here explains")
    own = output(trace)
    rebuilt = replace(right, images=images).run(engine())
    floor = ROUNDINGS * 1e-6 if is_rounded(own) else SAME
    if (error := relative_error(own, rebuilt)) > floor:
        raise ResNetError(
            f"{one.title} cannot be the reference: by its weights it is another function than it"
            f" computes ({error:.1e}); `verify` shows where"
        )


def _near(search: Search, error: float, coarse: bool) -> float:
    """How near an explanation must come."""
    if coarse:
        return max(NEAR, ROUNDINGS * _own_noise(search))
    return max(min(NEAR, SHARE_LEFT * error), NOISE)


def _own_noise(search: Search) -> float:
    """What float32 makes of the reference."""
    images, _ = search.probes[0]
    fine = replace(search.right, images=images)
    return relative_error(fine.run(search.engine), fine.rounded().run(search.engine))


def _rounding(search: Search) -> tuple[tuple[str, Mistake], ...]:
    """That the other network computes in float32, as a mistake like any other."""
    from resnet_duet.differences.float32_arithmetic import DIFFERENCE

    return tuple((DIFFERENCE.name, mistake) for mistake in DIFFERENCE.mistakes(search.right))[:1]


def _explanations(search: Search, watch: Watch) -> tuple[list[Suspect], int]:
    """The suspects that explain, and how many were tried: singles, and pairs if none does."""
    singles = search.singles(watch)
    if found := search.explaining(singles):
        return found, len(singles)
    tried = len(singles)
    for pair in search.pairs(singles, watch):
        tried += 1
        if pair.left <= search.near:
            return [pair], tried
    return [], tried


def _culprits(
    search: Search, steps: Iterable[tuple[str, Mistake]], rounding: Iterable[tuple[str, Mistake]]
) -> tuple[Culprit, ...]:
    """Each mistake of an explanation, with what it does alone."""
    images, _ = search.probes[0]
    right = replace(search.right, images=images)
    expected = right.run(search.engine)
    before, culprits = right, []
    for name, mistake in (*steps, *rounding):
        assert isinstance(mistake.world, Use)
        after = replace(mistake.world, images=images)
        alone = _alone(right, name, mistake.what) or after
        error = relative_error(expected, alone.run(search.engine))
        layers = concerned(before, after)
        culprits.append(Culprit(name, mistake.what, mistake.mend, layers, error, 0.0))
        before = after
    total = sum(culprit.error for culprit in culprits) or 1.0
    return tuple(replace(culprit, share=culprit.error / total) for culprit in culprits)


def _alone(right: Use, name: str, what: str) -> Use | None:
    """The same mistake made first, if it can be made alone."""
    from resnet_duet.differences import DIFFERENCES

    worlds = (m.world for m in DIFFERENCES[name].mistakes(right) if m.what == what)
    world = next(worlds, None)
    return world if isinstance(world, Use) else None


def _first_parting(one: Network, two: Network) -> Row | None:
    """The first layer that differs, where both let us see layers."""
    return None if two.names is Names.OWN else compare(one, two).first_difference
