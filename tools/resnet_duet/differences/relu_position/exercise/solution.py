import numpy as np

rng = np.random.default_rng(0)
blocks = 400
rules = {
    "x + b": lambda x, b: x + b,
    "relu(x + b)": lambda x, b: np.maximum(x + b, 0.0),
    "x + relu(b)": lambda x, b: x + np.maximum(b, 0.0),
}
found = {}
for name, rule in rules.items():
    x, means = np.zeros(10_000), []
    for _ in range(blocks):
        x = rule(x, rng.standard_normal(x.shape))
        means.append(float(x.mean()))
    found[name] = means[99], means[399]  # after 100 blocks, and after four times as many

assert abs(found["x + b"][1]) < 1.0  # branches subtract as often as they add
small, large = found["relu(x + b)"]
assert 1.8 < large / small < 2.2  # the square root of 4
small, large = found["x + relu(b)"]
assert 3.9 < large / small < 4.1  # the branch can only add
np.testing.assert_allclose(large, blocks / np.sqrt(2 * np.pi), rtol=0.01)
print(found)
