import numpy as np

x = np.array([-2.0, 0.0, 2.0])


def block(x, mean, reads_preactivation):
    h = np.maximum(x - mean, 0.0)
    branch = 0.0 * h
    return branch + 3.0 * (h if reads_preactivation else x)


assert block(x, 0.0, reads_preactivation=False).tolist() == [-6, 0, 6]
assert block(x, 1.0, reads_preactivation=False).tolist() == [-6, 0, 6]
assert block(x, 0.0, reads_preactivation=True).tolist() == [0, 0, 6]
assert block(x, 1.0, reads_preactivation=True).tolist() == [0, 0, 3]

# A freshly initialised norm passes its input on, and a ReLU passes on what is not negative. If the
# input of the block comes from a ReLU, such a norm therefore hides the mistake.
positive = np.linspace(0.0, 3.0, 7)
assert np.array_equal(block(positive, 0.0, True), block(positive, 0.0, False))
assert not np.array_equal(block(positive, 1.0, True), block(positive, 1.0, False))
print("a freshly initialised norm hides it on non-negative inputs, a mean of 1 does not")
