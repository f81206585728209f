import numpy as np
import torch
from keras import layers

batch = np.array([[1.0], [3.0]])


def mean_in_torch(prepare):
    norm = torch.nn.BatchNorm1d(1).double()
    prepare(norm)
    norm(torch.from_numpy(batch))
    return norm.running_mean.item()


def mean_in_keras(trainable):
    norm = layers.BatchNormalization(dtype="float64")
    norm.trainable = trainable
    norm(batch, training=True)
    return float(norm.moving_mean[0])


changed = {
    "train()": mean_in_torch(lambda norm: norm.train()) != 0,
    "eval()": mean_in_torch(lambda norm: norm.eval()) != 0,
    "requires_grad_(False)": mean_in_torch(lambda norm: norm.requires_grad_(False))
    != 0,  # gradients only
    "trainable = False": mean_in_keras(trainable=False) != 0,  # the mode as well
}
assert list(changed.values()) == [True, False, True, False]
assert mean_in_keras(trainable=True) != 0
print(changed)
