from math import log

import keras
import numpy as np
import torch

logits = np.zeros((2, 2))


def with_torch(labels, weights):
    weights = torch.tensor(weights, dtype=torch.float64)
    return torch.nn.functional.cross_entropy(
        torch.from_numpy(logits), torch.tensor(labels), weight=weights
    ).item()


def with_keras(labels, weights, reduction="sum_over_batch_size"):
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction=reduction, dtype="float64"
    )
    return float(loss(np.array(labels), logits, sample_weight=np.array(weights)[labels]))


for labels, factor in (([0, 1], 2.0), ([1, 1], 3.0)):  # the mean weight of the batch
    assert np.isclose(with_torch(labels, [1.0, 3.0]), log(2))
    assert np.isclose(with_keras(labels, [1.0, 3.0]), factor * log(2))
    assert np.isclose(with_keras(labels, [1.0, 3.0], "mean_with_sample_weight"), log(2))
# Weights of mean 1 hide the difference.
assert np.isclose(with_torch([0, 1], [0.5, 1.5]), with_keras([0, 1], [0.5, 1.5]))
print("PyTorch:", with_torch([0, 1], [1.0, 3.0]), " Keras:", with_keras([0, 1], [1.0, 3.0]))
