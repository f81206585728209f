"""Checks of one dialect on many networks, and on no fewer than promised."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

import resnet_spec
from resnet_duet.errors import DialectError
from resnet_duet.weights.dialect import Shapes
from resnet_duet.weights.dialects import DIALECTS
from resnet_spec import ResNetSpec


def shapes_of(spec: ResNetSpec, dialect: str) -> Shapes:
    """{array name: shape} of a network. Raises DialectError: the dialect cannot name it."""
    return DIALECTS[dialect].shapes(resnet_spec.plan(spec))


def can_name(dialect: str, spec: ResNetSpec) -> bool:
    """Whether a dialect has names for all layers of a network."""
    try:
        return bool(shapes_of(spec, dialect))
    except DialectError:
        return False


def check_examples(
    dialect: str,
    specs: st.SearchStrategy[ResNetSpec],
    count: int,
    check: Callable[[ResNetSpec], None],
) -> None:
    """Run a check on `count` networks that a dialect can name, the same ones in every run."""
    checked = 0

    @settings(max_examples=count, deadline=None, derandomize=True, database=None)
    @given(specs.filter(lambda spec: can_name(dialect, spec)))
    def run(spec: ResNetSpec) -> None:
        nonlocal checked
        check(spec)
        checked += 1

    run()
    assert checked >= count, f"{dialect} can name only {checked} of {count} examples"
