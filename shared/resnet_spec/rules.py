"""The rules that a field's value obeys, and the two functions that apply them.

A rule takes a value and returns it as the spec keeps it (a list becomes a tuple, a word its enum
member), or raises ValueError with what it must be, for instance `ValueError("a power of two")`.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from typing import Any, TypeVar

from resnet_spec.errors import SpecError

T = TypeVar("T")
Rule = Callable[[Any], Any]


def positive(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise ValueError("a positive integer")


def odd(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0 and value % 2:
        return value
    raise ValueError("a positive odd integer")


def power_of_two(value: object) -> int:
    if isinstance(value, int) and value > 0 and value.bit_count() == 1 and value is not True:
        return value
    raise ValueError("a power of two")


def positive_or_none(value: object) -> int | None:
    try:
        return None if value is None else positive(value)
    except ValueError:
        raise ValueError("a positive integer, or None for no head") from None


def positives(value: object) -> tuple[int, ...]:
    try:
        if isinstance(value, (list, tuple)) and value:
            return tuple(positive(item) for item in value)
    except ValueError:
        pass
    raise ValueError("a non-empty sequence of positive integers")


def positive_or_positives(value: object) -> int | tuple[int, ...]:
    try:
        return positives(value) if isinstance(value, (list, tuple)) else positive(value)
    except ValueError:
        raise ValueError("a positive integer, or one for each stage") from None


def flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def above_zero(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e308:
        return float(value)
    raise ValueError("a number above 0")


def fraction(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1:
        return float(value)
    raise ValueError("a number from 0 up to but not including 1")


def one_of(choices: type[StrEnum]) -> Rule:
    def rule(value: object) -> StrEnum:
        if isinstance(value, str) and value in list(choices):
            return choices(value)
        raise ValueError("one of " + ", ".join(choices))

    return rule


def nested(cls: type) -> Rule:
    def rule(value: object) -> object:
        if isinstance(value, Mapping):
            return construct(cls, value)
        if isinstance(value, cls):
            return value
        raise ValueError(f"a {cls.__name__} or a mapping of its fields")

    return rule


def by(rule: Rule) -> dict[str, Rule]:
    """Metadata of a field: the rule that its value obeys."""
    return {"rule": rule}


def construct(cls: type[T], choices: Mapping[str, object]) -> T:
    """`cls(**choices)`; unknown and missing names are faults like any other."""
    known: dict[str, Field[Any]] = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    faults = [
        f"{name} is no choice of a {cls.__name__} ({', '.join(known)})"
        for name in choices
        if name not in known
    ]
    required = [name for name, f in known.items() if f.default is MISSING]
    faults += [f"{name} is missing" for name in required if name not in choices]
    if faults and any(name not in choices for name in required):
        raise SpecError(faults)
    try:
        spec = cls(**{name: value for name, value in choices.items() if name in known})
    except SpecError as error:
        raise SpecError([*faults, *error.faults]) from None
    if faults:
        raise SpecError(faults)
    return spec


def amend(spec: T, choices: Mapping[str, object]) -> T:
    """The spec with some choices made otherwise.

    Args:
        choices: {name: value}. A mapping, or a name with a dot, amends a nested spec in its turn:
            `{"stem": {"pool": "same"}}` and `{"stem.pool": "same"}` are the same.
    """
    whole = {
        name: vars(getattr(spec, name)) | value
        if isinstance(value, Mapping) and is_dataclass(getattr(spec, name, None))
        else value
        for name, value in _without_dots(choices).items()
    }
    return construct(type(spec), vars(spec) | whole)


def _without_dots(choices: Mapping[str, object]) -> dict[str, object]:
    whole: dict[str, object] = {}
    for path, value in choices.items():
        name, _, inner = path.partition(".")
        if inner:
            others = whole.get(name, {})
            if not isinstance(others, Mapping):
                raise SpecError([f"{path} is a part of {name}, which is to be {others!r}"])
            value = {**others, inner: value}
        whole[name] = value
    return whole


def settle(spec: Any) -> tuple[set[str], list[str]]:
    """Replace each field by the value its rule keeps; return the broken fields and all faults."""
    broken: set[str] = set()
    faults: list[str] = []
    for f in fields(spec):
        value = getattr(spec, f.name)
        try:
            object.__setattr__(spec, f.name, f.metadata["rule"](value))
        except SpecError as error:
            broken.add(f.name)
            faults += [f"{f.name}: {fault}" for fault in error.faults]
        except ValueError as error:
            broken.add(f.name)
            faults.append(f"{f.name} must be {error}, not {value!r}")
    return broken, faults


def settle_or_raise(spec: Any) -> None:
    """`settle`, for a spec whose fields cannot contradict one another."""
    _, faults = settle(spec)
    if faults:
        raise SpecError(faults)
