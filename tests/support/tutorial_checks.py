"""A file of a tutorial's network goes through every command without a flag."""

import warnings

import numpy as np
import torch

import resnet_duet
from resnet_duet import UndeterminedChoicesWarning
from resnet_duet.comparison.compare import FLOAT32_FACTOR
from support.command import invoke
from support.networks import EVEN, ODD, assert_close, images, nchw

TARGETS = ("out.weights.h5", "out.safetensors")  # Keras' and PyTorch's
SIZES = (EVEN, ODD)


def assert_commands_accept(path, folder):
    """`inspect`, `convert --verify` and `verify` end with status 0."""
    invoke("inspect", path)
    invoke("convert", path, folder / TARGETS[0], "--verify")
    invoke("convert", path, folder / TARGETS[1])
    invoke("verify", path)


def loaded(path, into, dtype):
    """The network of the file. That choices are assumed is a warning, and no error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndeterminedChoicesWarning)
        return resnet_duet.load(path, into=into, dtype=dtype)


def output(net, x):
    """The output of a network of either framework for images (N, H, W, C), with channels last."""
    if not isinstance(net, torch.nn.Module):
        return np.asarray(net(x, training=False))
    with torch.no_grad():
        found = net.eval()(torch.from_numpy(nchw(x))).numpy()
    return found.transpose(0, 2, 3, 1) if found.ndim == 4 else found


def assert_agrees_in_float64(path, net, frameworks=("torch", "keras")):
    """The loaded networks have the output of the file's own network, which is in float64."""
    for into in frameworks:
        own = loaded(path, into, "float64")
        for size in SIZES:
            x = images(size)
            assert_close(output(own, x), output(net, x), f"{path.name} in {into}")


def assert_agrees_in_float32(path, model):
    """The same for a network that cannot run in float64: float32 rounding decides.

    Its error must be at most a multiple of the error that our own network has in float32.
    """
    exact, rounded = loaded(path, "keras", "float64"), loaded(path, "keras", "float32")
    has_softmax = any(type(layer).__name__ == "Softmax" for layer in model.layers)
    for size in SIZES:
        x = images(size).astype(np.float32)
        expected = finished(output(exact, x.astype(np.float64)), has_softmax)
        baseline = np.abs(finished(output(rounded, x), has_softmax) - expected).max()
        error = np.abs(output(model, x) - expected).max()
        assert error <= FLOAT32_FACTOR * baseline, (path.name, error, baseline)
    return exact.spec


def finished(logits, has_softmax):
    """The logits, or their probabilities."""
    if not has_softmax:
        return logits
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)
