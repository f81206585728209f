from math import e

import numpy as np
import torch


def are_probabilities(rows):
    return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1.0))


rng = np.random.default_rng(0)
for classes in (10, 1000):
    confident = torch.zeros(1, classes, dtype=torch.float64)
    confident[0, 3] = 1e6  # the first softmax gives 1 here and 0 elsewhere
    twice = confident.softmax(dim=1).softmax(dim=1)
    limit = e / (e + classes - 1)
    np.testing.assert_allclose(twice[0, 3], limit, rtol=1e-12)
    print(f"with {classes} classes a probability is at most {limit:.4f}")

logits = torch.from_numpy(rng.standard_normal((5, 10)))
once = logits.softmax(dim=1)
twice = once.softmax(dim=1)
assert torch.equal(logits.argsort(dim=1), twice.argsort(dim=1))
assert [are_probabilities(y.numpy()) for y in (logits, once, twice)] == [False, True, True]
