"""Damage: a truncated file, or one with flipped bits, gives a clear error or is read correctly."""

from collections import Counter

import pytest

from support.sandbox import assert_harmless, judged
from support.thin_files import KINDS, flipped, thin_file

FLIPPED = 30  # files of each kind
READ_AT_ONCE = ("onnx", "keras")  # completely, before the first array is used


def shapes(arrays):
    """{name: shape}. HDF5 describes a precision bit by bit, so flipped bits may change that."""
    return {name: shape for name, (_, shape, _) in arrays.items()}


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_truncated_at_any_percentage_gives_a_clear_error(kind):
    name, _, _ = KINDS[kind]
    content = thin_file(kind)
    cuts = [content[: len(content) * percent // 100] for percent in range(100)]
    for cut, outcome in zip(cuts, judged(((name, c) for c in cuts), "read"), strict=True):
        assert_harmless(outcome, name, cut)
        assert outcome.error is not None, f"{len(cut)} of {len(content)} bytes were enough"


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["hashed", "read"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "compressed_h5"])
def test_a_file_that_is_emptied_during_its_conversion_gives_a_clear_error(kind, moment):
    name, dialect, _ = KINDS[kind]
    content = thin_file(kind)
    options = (moment, "--from", dialect, "--to", dialect)
    (outcome,) = judged([(name, content)], "convert_emptied", *options)
    assert_harmless(outcome, name, content)
    assert outcome.error is not None or kind in READ_AT_ONCE


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bits_give_a_clear_error_or_change_unprotected_values_only(kind):
    """Without a checksum values may change, but never names and shapes."""
    name, dialect, is_protected = KINDS[kind]
    content = thin_file(kind)
    damaged = [content, *(flipped(content, f"{kind} {seed}") for seed in range(FLIPPED))]
    task = ["read"] if kind == "compressed_h5" else ["convert", "--from", dialect, "--to", dialect]
    outcomes = judged(((name, file) for file in damaged), *task)
    right, found = outcomes[0].result, Counter()
    for file, outcome in zip(damaged, outcomes, strict=True):
        assert_harmless(outcome, name, file)
        if outcome.result is None:
            found["refused"] += 1
        elif outcome.result == right:
            found["unharmed"] += 1
        else:
            found["other values"] += 1
            assert not is_protected
            assert shapes(outcome.result) == shapes(right)
    assert found["unharmed"] > 0
    assert found["refused"] > FLIPPED / 10, found
