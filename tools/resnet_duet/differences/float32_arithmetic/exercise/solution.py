import numpy as np

same = {}
for variance in (1.0, 0.01, 0.0001):
    sums = [np.float32(variance) + np.float32(eps) for eps in (1e-5, 1.001e-5)]
    same[variance] = bool(sums[0] == sums[1])
# The next float32 value after 1 is 1 + 2 ** -23, and 2 ** -23 is more than 1e-8.
assert same == {1.0: True, 0.01: False, 0.0001: False}

values = np.random.default_rng(0).uniform(size=10_000)


def effect_of_order(dtype):
    x = values.astype(dtype)
    forwards, backwards = np.cumsum(x)[-1], np.cumsum(x[::-1])[-1]
    return abs(float(forwards - backwards)) / float(forwards)


wrong_eps = np.sqrt((1 + 1.001e-5) / (1 + 1e-5)) - 1
assert effect_of_order(np.float64) < wrong_eps < effect_of_order(np.float32)
print("order in float64:", effect_of_order(np.float64), " in float32:", effect_of_order(np.float32))
print("wrong epsilon:", wrong_eps)
