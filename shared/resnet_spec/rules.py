"""The rules for the fields of a spec, and the functions that apply them.

A rule takes a value and returns it in the form that the spec keeps: a list becomes a tuple, and a
string a member of its enum. For an invalid value it raises ValueError with a description of the
allowed values, for instance `ValueError("a power of two")`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from enum import StrEnum
from reprlib import repr as short
from typing import Any, TypeVar

from resnet_spec.errors import SpecError

T = TypeVar("T")
Rule = Callable[[Any], Any]


def positive(value: object) -> int:
    """An integer above 0."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise ValueError("a positive integer")


def odd(value: object) -> int:
    """A positive odd integer."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0 and value % 2:
        return value
    raise ValueError("a positive odd integer")


def power_of_two(value: object) -> int:
    """1, 2, 4, 8, ..."""
    if isinstance(value, int) and value > 0 and value.bit_count() == 1 and value is not True:
        return value
    raise ValueError("a power of two")


def power_of_two_or_none(value: object) -> int | None:
    """A power of two, or None."""
    try:
        return None if value is None else power_of_two(value)
    except ValueError as error:
        raise ValueError("a power of two, or None to never dilate") from error


def positive_or_none(value: object) -> int | None:
    """A positive integer, or None."""
    try:
        return None if value is None else positive(value)
    except ValueError as error:
        raise ValueError("a positive integer, or None for no head") from error


def positives(value: object) -> tuple[int, ...]:
    """Several positive integers, at least one, as a tuple."""
    try:
        if isinstance(value, (list, tuple)) and value:
            return tuple(positive(item) for item in value)
    except ValueError:
        pass
    raise ValueError("a non-empty sequence of positive integers")


def positive_or_positives(value: object) -> int | tuple[int, ...]:
    """One positive integer, or a tuple of them."""
    try:
        return positives(value) if isinstance(value, (list, tuple)) else positive(value)
    except ValueError as error:
        raise ValueError("a positive integer, or one for each stage") from error


def flag(value: object) -> bool:
    """True or False, and nothing that merely compares equal."""
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def above_zero(value: object) -> float:
    """A finite number above 0, as a float."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e308:
        return float(value)
    raise ValueError("a number above 0")


def above_zero_or_none(value: object) -> float | None:
    """A finite number above 0, or None."""
    try:
        return None if value is None else above_zero(value)
    except ValueError as error:
        raise ValueError("a number above 0, or None for the network's") from error


def fraction(value: object) -> float:
    """A number in [0, 1), as a float."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1:
        return float(value)
    raise ValueError("a number from 0 up to but not including 1")


def one_of(choices: type[StrEnum]) -> Rule:
    """The rule for a member of this enum; its string is accepted as well."""

    def rule(value: object) -> StrEnum:
        if isinstance(value, str) and value in list(choices):
            return choices(value)
        raise ValueError("one of " + ", ".join(choices))

    return rule


def nested(cls: type) -> Rule:
    """The rule for a nested spec; a mapping of its fields is accepted as well."""

    def rule(value: object) -> object:
        if isinstance(value, Mapping):
            return construct(cls, value)
        if isinstance(value, cls):
            return value
        raise ValueError(f"a {cls.__name__} or a mapping of its fields")

    return rule


def validated_by(rule: Rule) -> dict[str, Rule]:
    """Metadata of a dataclass field: the rule for its values."""
    return {"rule": rule}


def construct(cls: type[T], choices: Mapping[str, object]) -> T:
    """`cls(**choices)`, with unknown and missing names reported like any other error.

    Raises:
        SpecError: unknown, missing or invalid choices, all of them listed.
    """
    known: dict[str, Field[Any]] = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    errors = [
        f"{cls.__name__} has no choice {name!r}{_hint(name, known)}"
        for name in choices
        if name not in known
    ]
    required = [name for name, f in known.items() if f.default is MISSING]
    errors += [f"{name} is missing" for name in required if name not in choices]
    if errors and any(name not in choices for name in required):
        raise SpecError(errors)
    try:
        spec = cls(**{name: value for name, value in choices.items() if name in known})
    except SpecError as error:
        raise SpecError([*errors, *error.errors]) from error
    if errors:
        raise SpecError(errors)
    return spec


def _hint(name: str, known: Iterable[str]) -> str:
    """The nearest known names, or all of them if none is near."""
    near = get_close_matches(name, known, n=2)
    return f"; did you mean {' or '.join(near)}?" if near else f" (known: {', '.join(known)})"


def override(spec: T, choices: Mapping[str, object]) -> T:
    """The spec with some choices replaced.

    Args:
        spec: a spec, or a nested spec such as a `Stem`.
        choices: {name: value}. A mapping, or a name with a dot, changes fields of a nested spec and
            keeps its other fields: `{"stem": {"pool": "same"}}` equals `{"stem.pool": "same"}`.

    Raises:
        SpecError: unknown or invalid choices, all of them listed.
    """
    merged = {
        name: vars(getattr(spec, name)) | value
        if isinstance(value, Mapping) and is_dataclass(getattr(spec, name, None))
        else value
        for name, value in _without_dots(choices).items()
    }
    return construct(type(spec), vars(spec) | merged)


def choice_paths(cls: type) -> Iterator[str]:
    """The names of all choices of a spec's class, those of nested specs with a dot."""
    for f in fields(cls):
        if is_dataclass(f.default):
            yield from (f"{f.name}.{inner.name}" for inner in fields(f.default))
        else:
            yield f.name


def _without_dots(choices: Mapping[str, object]) -> dict[str, object]:
    """The choices with each name that has a dot moved into a mapping of its nested spec."""
    merged: dict[str, object] = {}
    for path, value in choices.items():
        name, _, inner = path.partition(".")
        if inner:
            others = merged.get(name, {})
            if not isinstance(others, Mapping):
                raise SpecError([f"{path} cannot be set: {name} is set to {others!r} as well"])
            value = {**others, inner: value}
        merged[name] = value
    return merged


def validate(spec: Any) -> tuple[set[str], list[str]]:
    """Apply the rule of each field in place.

    Returns:
        The names of the invalid fields, and all errors.
    """
    broken: set[str] = set()
    errors: list[str] = []
    for f in fields(spec):
        value = getattr(spec, f.name)
        try:
            object.__setattr__(spec, f.name, f.metadata["rule"](value))
        except SpecError as error:
            broken.add(f.name)
            errors += [f"{f.name}: {message}" for message in error.errors]
        except ValueError as error:
            broken.add(f.name)
            errors.append(f"{f.name} must be {error}, not {short(value)}")
    return broken, errors


def validate_or_raise(spec: Any) -> None:
    """`validate` for a spec whose fields cannot conflict with each other.

    Raises:
        SpecError: with all errors.
    """
    _, errors = validate(spec)
    if errors:
        raise SpecError(errors)
