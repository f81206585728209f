"""Damage: a file that lost its end or some of its bits is told in a line, or read right."""

import random
from collections import Counter

import pytest
from sandbox import assert_harmless, judged
from thin_files import KINDS, thin_file

FLIPPED = 250  # files of each kind
AT_THE_ENDS = 3000  # bytes, where headers and indices stand


def names_and_shapes(arrays):
    return {name: (dtype, shape) for name, (dtype, shape, _) in arrays.items()}


def flipped(content, seed):
    """The content with one to eight bits or bytes changed, mostly in its headers and indices."""
    rng, damaged = random.Random(seed), bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        place = rng.choice((len(content), min(len(content), AT_THE_ENDS), -AT_THE_ENDS))
        at = rng.randrange(place) if place > 0 else max(0, len(content) + rng.randrange(place, 0))
        damaged[at] = rng.choice((damaged[at] ^ 1 << rng.randrange(8), 0, 255))
    return bytes(damaged)


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
            assert names_and_shapes(outcome.result) == names_and_shapes(right)
    assert found["unharmed"] > 0
    assert found["told"] > FLIPPED / 10, found
