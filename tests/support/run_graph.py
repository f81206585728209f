"""Runs a `Graph` in float64 with PyTorch's functions, to compare it with the file that it is of."""

import numpy as np
import torch
from torch.nn import functional as F

from resnet_duet.graphs import operations as ops
from resnet_duet.graphs.windows import Window, same_pads
from resnet_spec.layers import Role

ORDER = "OIHWC"


def run_graph(graph: ops.Graph, arrays, images: np.ndarray) -> np.ndarray:
    """The first output of a graph.

    Args:
        graph: without `Foreign`.
        arrays: {name: array}, the graph's.
        images: (N, C, H, W).

    Returns:
        Features (N, K), or a feature map (N, C, H, W).
    """
    tensors = {ops.IMAGE: torch.tensor(images, dtype=torch.float64)}
    with torch.no_grad():
        for operation in graph.operations:
            inputs = [tensors[name] for name in operation.inputs]
            tensors[operation.name] = _run(operation.kind, inputs, arrays)
    return tensors[graph.outputs[0]].numpy()


def _run(kind: ops.Kind, inputs: list[torch.Tensor], arrays) -> torch.Tensor:
    x = inputs[0]

    def array(weight):
        if isinstance(weight, ops.Filled):
            return torch.full(weight.shape, weight.value, dtype=torch.float64)
        values = np.asarray(arrays[weight.name], np.float64)
        ones = [i for i, axis in enumerate(weight.axes) if axis == "1"]
        axes = weight.axes.replace("1", "")
        order = [axes.index(axis) for axis in sorted(axes, key=ORDER.index)]
        return torch.tensor(values.squeeze(tuple(ones)).transpose(order).copy())

    match kind:
        case ops.Convolution():
            bias = None if kind.bias is None else array(kind.bias)
            kernel = array(kind.kernel)
            window = Window(tuple(kernel.shape[2:]), kind.strides, kind.dilations)
            x = _padded(x, window, kind.pads, 0)
            return F.conv2d(x, kernel, bias, kind.strides, 0, kind.dilations, kind.groups)
        case ops.BatchNorm():
            roles = (Role.MEAN, Role.VAR, Role.SCALE, Role.OFFSET)
            return F.batch_norm(x, *(array(kind.weights[role]) for role in roles), eps=kind.eps)
        case ops.Rectifier():
            return F.relu(x)
        case ops.MaxPooling():
            x = _padded(x, Window(kind.kernel, kind.strides), kind.pads, -np.inf)
            return F.max_pool2d(x, kind.kernel, kind.strides)
        case ops.AveragePooling():
            return _average(x, kind)
        case ops.Pad(pads, value):
            return F.pad(x, (pads.left, pads.right, pads.top, pads.bottom), value=value)
        case ops.PadChannels(before, after):
            return F.pad(x, (0, 0, 0, 0, before, after))
        case ops.Subsample((down, right)):
            return x[:, :, ::down, ::right]
        case ops.GlobalAverage():
            return x.mean((2, 3))
        case ops.Flatten():
            return x.flatten(1)
        case ops.FullyConnected():
            bias = None if kind.bias is None else array(kind.bias)
            return F.linear(x, array(kind.kernel), bias)
        case ops.AddBias(bias):
            return x + array(bias).reshape(-1, *[1] * (x.ndim - 2))
        case ops.Sum():
            return sum(inputs[1:], start=x)
        case ops.Softmax():
            return x.softmax(1)
        case ops.Identity():
            return x
    raise AssertionError(f"{kind} cannot be run")


def _padded(x: torch.Tensor, window: Window, pads: ops.AnyPads, value: float) -> torch.Tensor:
    if isinstance(pads, ops.Same):
        pads = same_pads(window, tuple(x.shape[2:]))
    return F.pad(x, (pads.left, pads.right, pads.top, pads.bottom), value=value)


def _average(x: torch.Tensor, kind: ops.AveragePooling) -> torch.Tensor:
    if kind.ceil_mode:
        assert kind.pads == ops.NO_PADS, "PyTorch pads every edge alike"
        return F.avg_pool2d(x, kind.kernel, kind.strides, ceil_mode=True)
    window = Window(kind.kernel, kind.strides)
    total = F.avg_pool2d(_padded(x, window, kind.pads, 0), kind.kernel, kind.strides)
    if kind.count_include_pad:
        return total
    pixels = _padded(torch.ones_like(x), window, kind.pads, 0)
    return total / F.avg_pool2d(pixels, kind.kernel, kind.strides)
