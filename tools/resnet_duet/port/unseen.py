"""What weights cannot tell of a network, and what decides it instead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import resnet_spec
from resnet_duet.port.dialect import Dialect
from resnet_duet.port.evidence import Configs, contradictions, numbers
from resnet_duet.port.infer import fits
from resnet_spec import (
    Ordering,
    Padding,
    ProjectionInput,
    ResNetSpec,
    ShortcutKind,
    ShortcutStride,
    SpecError,
    StemPool,
    StrideBlock,
)
from resnet_spec.rules import amend


@dataclass(frozen=True)
class Choice:
    """A choice that may leave no trace in the arrays.

    Attributes:
        path: its name in a spec, with a dot into the stem or the shortcut.
        values: all there are; for numbers, those that are usual.
        about: what it decides.
    """

    path: str
    values: tuple[Any, ...]
    about: str

    def of(self, spec: ResNetSpec) -> Any:
        """What a spec has chosen."""
        return attrgetter(self.path)(spec)

    def made(self, spec: ResNetSpec, value: object) -> ResNetSpec | None:
        """The spec with this choice made so; None if it cannot be."""
        try:
            return amend(spec, {self.path: value})
        except SpecError:
            return None


CHOICES = (
    Choice("norm_eps", (1e-5, 1.001e-5, 1e-3), "what is added to a norm's variance"),
    Choice("norm_decay", (0.9, 0.99, 0.997), "how much of a running statistic training keeps"),
    Choice("padding", tuple(Padding), "the zeros around an image where a convolution strides"),
    Choice("stem.stride", (1, 2), "the stride of the first convolution"),
    Choice("stem.pool", tuple(StemPool), "the stem's pool, by its border"),
    Choice("stride_in_1x1", (False, True), "v1 strides in the 1x1, v1.5 in the 3x3"),
    Choice("stride_block", tuple(StrideBlock), "which block takes the stride between stages"),
    Choice("shortcut.kind", tuple(ShortcutKind), "option A's sides, or a plain network"),
    Choice("shortcut.reads", tuple(ProjectionInput), "what a projection reads"),
    Choice("shortcut.stride_by", tuple(ShortcutStride), "what strides in a shortcut"),
    Choice("ordering", tuple(Ordering), "where ReLUs stand"),
    Choice("output_stride", (8, 16, 32), "beyond it stages dilate"),
)
ENOUGH = 2  # blocks of a stage: a first one and one that is not
SETTINGS = {"norm_eps": "epsilon", "norm_decay": "momentum"}  # Keras' words for them


@dataclass(frozen=True)
class Unseen:
    """One choice that a checkpoint's arrays do not show, and what was taken."""

    path: str
    taken: Any
    alternatives: tuple[Any, ...]
    about: str


def unseen(spec: ResNetSpec, dialect: Dialect) -> Iterator[Unseen]:
    """Every choice that could be otherwise with the very same arrays."""
    short = replace(spec, depths=tuple(min(depth, ENOUGH) for depth in spec.depths))
    shapes = dialect.shapes(resnet_spec.plan(short))
    for choice in CHOICES:
        others = [(value, choice.made(short, value)) for value in choice.values]
        same = tuple(
            value
            for value, other in others
            if other and _is_another(other, short) and fits(shapes, other, dialect)
        )
        if same:
            yield Unseen(choice.path, choice.of(spec), same, choice.about)


def _is_another(a: ResNetSpec, b: ResNetSpec) -> bool:
    """Whether two specs make two networks: some choices have no effect in some."""
    one, two = resnet_spec.plan(a), resnet_spec.plan(b)
    return (one.stem, one.stages, one.head) != (two.stem, two.stages, two.head)


def settled_by(configs: Configs, dialect: Dialect, candidates: Sequence[ResNetSpec]) -> ResNetSpec:
    """The network with the candidates' arrays that contradicts Keras' configurations least.

    Starting from the best candidate, one choice after the other is made so that fewer settings
    contradict it.
    """

    def faults(spec: ResNetSpec) -> int:
        return sum(1 for _ in contradictions(resnet_spec.plan(spec), dialect, configs))

    best = min(candidates, key=faults)
    fewest = faults(best)
    shapes = dialect.shapes(resnet_spec.plan(best))
    for choice in CHOICES:
        for value in (*numbers(configs, SETTINGS.get(choice.path, "")), *choice.values):
            other = choice.made(best, value)
            if fewest and other and fits(shapes, other, dialect) and faults(other) < fewest:
                best, fewest = other, faults(other)
    return best
