"""The choices that leave no trace in a network's weights, and how they are resolved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import resnet_spec
from resnet_duet.formats.keras_config import Configs
from resnet_duet.identify.infer import matches
from resnet_duet.identify.keras_config import contradictions, values_of
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
from resnet_spec.rules import override


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
ENOUGH = 2  # blocks of a stage that show its choices: the first one and another one
KERAS_NAMES = {"norm_eps": "epsilon", "norm_decay": "momentum"}


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


def resolve(configs: Configs, dialect: Dialect, candidates: Sequence[ResNetSpec]) -> ResNetSpec:
    """The network with the candidates' arrays that agrees best with Keras' configurations.

    Starting from the best candidate, each choice is changed if fewer settings contradict it then.

    Args:
        configs: {layer name: configuration}.
        dialect: names and layouts of the file.
        candidates: networks with exactly the file's arrays.
    """

    def errors(spec: ResNetSpec) -> int:
        return sum(1 for _ in contradictions(resnet_spec.plan(spec), dialect, configs))

    best = min(candidates, key=errors)
    fewest = errors(best)
    shapes = dialect.shapes(resnet_spec.plan(best))
    for choice in CHOICES:
        configured = values_of(configs, KERAS_NAMES.get(choice.path, ""))
        for value in (*configured, *choice.values):
            other = choice.set_in(best, value)
            if fewest and other and matches(shapes, other, dialect) and errors(other) < fewest:
                best, fewest = other, errors(other)
    return best
