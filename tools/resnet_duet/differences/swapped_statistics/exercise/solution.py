from itertools import permutations

import numpy as np

rng = np.random.default_rng(0)
x = rng.standard_normal((4, 8))


def norm(scale, offset, mean, variance):
    return scale * (x - mean) / np.sqrt(variance + 1e-5) + offset


def count(arrays):
    right = norm(*arrays)
    return sum(np.allclose(norm(*order), right, rtol=1e-12) for order in permutations(arrays))


one, zero = np.ones(8), np.zeros(8)
# The two ones can be swapped, and so can the two zeros: 2 * 2 orders, three of them wrong.
assert count([one, zero, zero, one]) == 4
assert count(list(rng.uniform(0.5, 2.0, (4, 8)))) == 1
print("orders that look right: 4 for the freshly initialised norm, 1 for the random one")
