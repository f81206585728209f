from math import log

import keras
import numpy as np
import torch

label, smoothing = np.full(10, 0.1 / 10), 0.1
label[3] += 1 - smoothing
smallest = -(0.91 * log(0.91) + 9 * 0.01 * log(0.01))  # the entropy of the smoothed label
logits, labels = np.log(label)[None], np.array([3])  # the softmax of these logits is the label

options = {"from_logits": True, "dtype": "float64"}
dense = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing, **options)
sparse = keras.losses.SparseCategoricalCrossentropy(**options)
with_torch = torch.nn.functional.cross_entropy(
    torch.from_numpy(logits), torch.from_numpy(labels), label_smoothing=smoothing
)
with_keras = dense(np.eye(10)[labels], logits)
np.testing.assert_allclose([with_torch.item(), float(with_keras)], smallest, rtol=1e-6)
# 0.2 is below it, so nothing was smoothed: the sparse loss can fall to 0.
assert float(sparse(labels, logits)) < 0.2 < smallest
assert float(sparse(labels, 10 * logits)) < 1e-6
print("no smoothed loss is below", smallest)
