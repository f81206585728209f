"""Damage: a file that lost its end or some of its bits is told in a line, or read right."""

from collections import Counter

import pytest

from sandbox import assert_harmless, judged
from thin_files import KINDS, flipped, thin_file

FLIPPED = 30  # files of each kind
READ_AT_ONCE = ("onnx", "keras")  # before the first array is asked for


def shapes(arrays):
    """By name. Not the precision: HDF5 describes any, bit by bit, and converts it."""
    return {name: shape for name, (_, shape, _) in arrays.items()}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_at_any_percent_is_told_in_one_line(kind):
    name, _, _ = KINDS[kind]
    content = thin_file(kind)
    cuts = [content[: len(content) * percent // 100] for percent in range(100)]
    for cut, outcome in zip(cuts, judged(((name, c) for c in cuts), "read"), strict=True):
        assert_harmless(outcome, name, cut)
        assert outcome.error is not None, f"{len(cut)} of {len(content)} bytes were enough"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["hashed", "read"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "squeezed_h5"])
def test_a_file_that_is_emptied_while_it_is_converted_is_told_in_one_line(kind, moment):
    name, dialect, _ = KINDS[kind]
    content = thin_file(kind)
    options = (moment, "--from", dialect, "--to", dialect)
    (outcome,) = judged([(name, content)], "convert_emptied", *options)
    assert_harmless(outcome, name, content)
    assert outcome.error is not None or kind in READ_AT_ONCE


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits_are_told_in_one_line_or_change_nothing_that_is_checked(kind):
    """Where no checksum protects the numbers, names and shapes are right at least."""
    name, dialect, is_protected = KINDS[kind]
    content = thin_file(kind)
    damaged = [content, *(flipped(content, f"{kind} {seed}") for seed in range(FLIPPED))]
    task = ["read"] if kind == "squeezed_h5" else ["convert", "--from", dialect, "--to", dialect]
    outcomes = judged(((name, file) for file in damaged), *task)
    right, found = outcomes[0].result, Counter()
    for file, outcome in zip(damaged, outcomes, strict=True):
        assert_harmless(outcome, name, file)
        if outcome.result is None:
            found["told"] += 1
        elif outcome.result == right:
            found["unharmed"] += 1
        else:
            found["other numbers"] += 1
            assert not is_protected
            assert shapes(outcome.result) == shapes(right)
    assert found["unharmed"] > 0
    assert found["told"] > FLIPPED / 10, found
