"""A graph as a function: each operation in float64, with the arrays of its file."""

import numpy as np

from resnet_duet.graphs.operations import (
    IMAGE,
    AddBias,
    AveragePooling,
    BatchNorm,
    Convolution,
    Filled,
    Flatten,
    Foreign,
    FullyConnected,
    GlobalAverage,
    Identity,
    MaxPooling,
    Pad,
    PadChannels,
    Rectifier,
    Same,
    Softmax,
    Subsample,
    Sum,
    Weight,
)
from resnet_spec import Role


def weights_of(graph):
    """Every array that a graph refers to."""
    for operation in graph.operations:
        match operation.kind:
            case Convolution(kernel, bias) | FullyConnected(kernel, bias):
                yield from [kernel, bias] if bias else [kernel]
            case BatchNorm(weights):
                yield from (w for w in weights.values() if isinstance(w, Weight))
            case AddBias(bias):
                yield bias


def kinds(graph):
    """The names of the operations' classes."""
    return [type(operation.kind).__name__ for operation in graph.operations]


def foreign(graph):
    """The texts of the operations that no graph can express."""
    return [o.kind.text for o in graph.operations if isinstance(o.kind, Foreign)]


def run_graph(graph, arrays, images):
    """The first output of a graph.

    Args:
        graph: without `Foreign` operations.
        arrays: of the file.
        images: (N, H, W, C).
    """
    values = {IMAGE: np.asarray(images, np.float64)}
    for operation in graph.operations:
        inputs = [values[name] for name in operation.inputs]
        values[operation.name] = run(operation.kind, arrays, *inputs)
    return values[graph.outputs[0]]


def array(weight, arrays, axes):
    """The values of a weight, in float64 and with its axes in this order."""
    if isinstance(weight, Filled):
        return np.full(weight.shape, weight.value)
    assert arrays[weight.name].shape == weight.shape
    values = np.asarray(arrays[weight.name], np.float64)
    drop = tuple(i for i, axis in enumerate(weight.axes) if axis == "1")
    values, letters = np.squeeze(values, drop), weight.axes.replace("1", "")
    return values.transpose([letters.index(axis) for axis in axes])


def run(kind, arrays, x, *more):
    """One operation on (N, H, W, C) or (N, C)."""
    from keras import ops

    match kind:
        case Convolution():
            kernel = array(kind.kernel, arrays, "HWIO")
            x, padding = padded(x, kind.pads, 0)
            y = ops.conv(x, kernel, kind.strides, padding, "channels_last", kind.dilations)
            return np.asarray(y) + (0 if kind.bias is None else array(kind.bias, arrays, "O"))
        case BatchNorm():
            s, b, m, v = (array(kind.weights[role], arrays, "C") for role in list(Role)[2:])
            return (x - m) / np.sqrt(v + kind.eps) * s + b
        case Rectifier():
            return np.maximum(x, 0)
        case MaxPooling():
            return windows(x, kind, -np.inf).max((-2, -1))
        case AveragePooling():
            assert not kind.ceil_mode
            ones = np.ones_like(x)
            count = windows(ones, kind, float(kind.count_include_pad)).sum((-2, -1))
            return windows(x, kind, 0).sum((-2, -1)) / count
        case Pad():
            top, bottom, left, right = kind.pads
            widths = [(0, 0), (top, bottom), (left, right), (0, 0)]
            return np.pad(x, widths, constant_values=kind.value)
        case PadChannels():
            return np.pad(x, [(0, 0)] * 3 + [(kind.before, kind.after)])
        case Subsample():
            return x[:, :: kind.strides[0], :: kind.strides[1]]
        case GlobalAverage():
            return x.mean((1, 2), keepdims=True)
        case Flatten():
            return x.reshape(len(x), -1)
        case FullyConnected():
            bias = 0 if kind.bias is None else array(kind.bias, arrays, "O")
            return x @ array(kind.kernel, arrays, "IO") + bias
        case AddBias():
            return x + array(kind.bias, arrays, "O")
        case Sum():
            return x + more[0]
        case Softmax():
            e = np.exp(x - x.max(-1, keepdims=True))
            return e / e.sum(-1, keepdims=True)
        case Identity():
            return x
    raise AssertionError(f"{kind} cannot be run")


def windows(x, kind, value):
    """The windows of a pool on the last two axes, with padding of this value."""
    pads = kind.pads
    if isinstance(pads, Same):
        totals = [
            max((-(-n // s) - 1) * s + k - n, 0)
            for n, s, k in zip(x.shape[1:3], kind.strides, kind.kernel, strict=True)
        ]
        (top, left), (bottom, right) = [n // 2 for n in totals], [n - n // 2 for n in totals]
        pads = (top, bottom, left, right)
    x = run(Pad(pads, value), {}, x)
    found = np.lib.stride_tricks.sliding_window_view(x, kind.kernel, (1, 2))
    return found[:, :: kind.strides[0], :: kind.strides[1]]


def padded(x, pads, value):
    """A feature map with its padding, and what is left for Keras to pad."""
    if isinstance(pads, Same):
        return x, "same"
    return run(Pad(pads, value), {}, x), "valid"
