"""The choices that leave no trace in a network's weights."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import resnet_spec
from resnet_duet.identify.infer import matches
from resnet_duet.weights.dialect import Dialect
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
from resnet_spec.rules import choice_paths, override


@dataclass(frozen=True)
class Choice:
    """A choice that may leave no trace in the arrays.

    Attributes:
        path: its name in a spec, with a dot into the stem or the shortcut.
        values: all values; for a number, those in use.
        about: what it decides, for people.
    """

    path: str
    values: tuple[Any, ...]
    about: str

    def of(self, spec: ResNetSpec) -> Any:
        """The value that a spec has chosen."""
        return attrgetter(self.path)(spec)

    def set_in(self, spec: ResNetSpec, value: object) -> ResNetSpec | None:
        """The spec with this value chosen; None if that is no valid spec."""
        try:
            return override(spec, {self.path: value})
        except SpecError:
            return None


CHOICES = (
    Choice("norm_eps", (1e-5, 1.001e-5, 1e-3), "added to the variance in BatchNorm"),
    Choice("shortcut.norm_eps", (None, 1e-5, 1.001e-5, 1e-3), "of projections; null for norm_eps"),
    Choice("norm_decay", (0.9, 0.99, 0.997), "share of a running statistic that training keeps"),
    Choice("padding", tuple(Padding), "where a convolution with a stride pads"),
    Choice("stem.stride", (1, 2), "stride of the first convolution"),
    Choice("stem.pool", tuple(StemPool), "padding of the stem's max-pool, or no pool"),
    Choice("stride_in_1x1", (False, True), "v1 has the stride in the 1x1, v1.5 in the 3x3"),
    Choice("stride_block", tuple(StrideBlock), "block that has the stride between two stages"),
    Choice("shortcut.kind", tuple(ShortcutKind), "where option A pads, or a plain network"),
    Choice("shortcut.reads", tuple(ProjectionInput), "input of a projection"),
    Choice("shortcut.stride_by", tuple(ShortcutStride), "layer that has a shortcut's stride"),
    Choice("ordering", tuple(Ordering), "positions of the ReLUs"),
    Choice("output_stride", (None, 8, 16), "largest total stride; beyond it stages dilate"),
)
TRAINING_ONLY = frozenset({"norm_decay"})  # choices that leave the outputs as they are
ENOUGH = 2  # blocks of a stage that show its choices: the first one and another one


@dataclass(frozen=True)
class UndeterminedChoice:
    """One choice that a checkpoint's arrays do not show.

    Attributes:
        path: its name in a spec, with a dot into the stem or the shortcut.
        assumed: the value that was assumed.
        alternatives: other values with exactly the same arrays.
        about: what it decides, for people.
    """

    path: str
    assumed: Any
    alternatives: tuple[Any, ...]
    about: str


def undetermined_choices(spec: ResNetSpec, dialect: Dialect) -> Iterator[UndeterminedChoice]:
    """Every choice of a network that could differ with exactly the same arrays."""
    short = replace(spec, depths=tuple(min(depth, ENOUGH) for depth in spec.depths))
    shapes = dialect.shapes(resnet_spec.plan(short))
    for choice in CHOICES:
        others = [(value, choice.set_in(short, value)) for value in choice.values]
        same = tuple(
            value
            for value, other in others
            if other and _differs(other, short) and matches(shapes, other, dialect)
        )
        if same:
            yield UndeterminedChoice(choice.path, choice.of(spec), same, choice.about)


def _differs(a: ResNetSpec, b: ResNetSpec) -> bool:
    """Whether two specs build different networks: a choice may have no effect in a network."""
    one, two = resnet_spec.plan(a), resnet_spec.plan(b)
    return (one.stem, one.stages, one.head) != (two.stem, two.stages, two.head)


def different_choices(a: ResNetSpec, b: ResNetSpec) -> Iterator[tuple[str, Any, Any]]:
    """(path, value in a, value in b) of each choice that shows in the arrays and differs."""
    hidden = {choice.path for choice in CHOICES}
    for path in choice_paths(ResNetSpec):
        own, other = attrgetter(path)(a), attrgetter(path)(b)
        if own != other and path not in hidden:
            yield path, own, other
