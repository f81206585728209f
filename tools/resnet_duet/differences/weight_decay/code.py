"""Three steps of SGD on a linear layer, from an (I, O) kernel to an (I, O) kernel."""

import numpy as np
import tensorflow as tf
import torch
from keras import layers, optimizers, regularizers
from torch import nn

# Powers of 2, because Keras rounds the settings of an optimizer to float32.
RATE, MOMENTUM, DECAY = 0.125, 0.875, 2**-4


def example() -> dict[str, np.ndarray]:
    """A batch of inputs and targets, and the kernel before training."""
    rng = np.random.default_rng(0)
    shapes = {"x": (8, 4), "y": (8, 3), "kernel": (4, 3)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def with_torch(x: np.ndarray, y: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    layer = nn.Linear(4, 3, bias=False, dtype=torch.float64)
    layer.weight.data = torch.tensor(kernel.T)
    optimizer = torch.optim.SGD(layer.parameters(), RATE, MOMENTUM, weight_decay=DECAY)
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.mse_loss(layer(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        optimizer.step()
    return layer.weight.detach().numpy().T


def with_keras(x: np.ndarray, y: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    penalty = regularizers.L2(DECAY / 2)  # its gradient is DECAY * kernel
    layer = layers.Dense(3, use_bias=False, kernel_regularizer=penalty, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel)
    optimizer = optimizers.SGD(RATE, MOMENTUM)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((layer(x) - y) ** 2) + sum(layer.losses)
        optimizer.apply(tape.gradient(loss, layer.trainable_weights), layer.trainable_weights)
    return layer.kernel.numpy()


def mistake(x: np.ndarray, y: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    layer = layers.Dense(3, use_bias=False, dtype="float64")
    layer.build(x.shape)
    layer.kernel.assign(kernel)
    optimizer = optimizers.SGD(RATE, MOMENTUM, weight_decay=DECAY)  # outside the momentum
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((layer(x) - y) ** 2)
        optimizer.apply(tape.gradient(loss, layer.trainable_weights), layer.trainable_weights)
    return layer.kernel.numpy()
